// Branches to address 0.
#include "wild.h"
int main(void) {
  handle(SIGSEGV, wild_report, SA_NODEFER);
  go_wild("null", 0);
  return app_status();
}
