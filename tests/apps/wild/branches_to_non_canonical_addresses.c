// Branches to addresses that are no addresses: general protection at the branch itself or its target.
#include "wild.h"
int main(void) {
  handle(SIGSEGV, wild_report, SA_NODEFER);
  go_wild("first non-canonical", 0x800000000000);
  go_wild("middle", 0x1234567812345678);
  go_wild("last non-canonical", 0xffff7fffffffffff);
  go_wild("0x2000...", 0x2000000000000000);
  return app_status();
}
