// Branches to the upper half.
#include "wild.h"
int main(void) {
  handle(SIGSEGV, wild_report, SA_NODEFER);
  go_wild("kernel", 0xffffffff80000000);
  go_wild("lowest upper half", 0xffff800000000000);
  go_wild("minus one", 0xffffffffffffffff);
  go_wild("minus eight", 0xfffffffffffffff8);
  return app_status();
}
