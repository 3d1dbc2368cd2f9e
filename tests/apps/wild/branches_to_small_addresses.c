// Branches to small integers, aligned and not.
#include "wild.h"
int main(void) {
  handle(SIGSEGV, wild_report, SA_NODEFER);
  go_wild("1", 1);
  go_wild("8", 8);
  go_wild("0xfff", 0xfff);
  go_wild("0x1003", 0x1003);
  return app_status();
}
