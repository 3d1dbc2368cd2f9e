// Branches to memory that was unmapped, near code and far from it.
#include "wild.h"
int main(void) {
  handle(SIGSEGV, wild_report, SA_NODEFER);
  char* area = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(area, 3 * 4096);
  go_wild("unmapped", (unsigned long)area + 4096);
  go_wild("unmapped, odd", (unsigned long)area + 4099);
  go_wild("far", 0x1000000000);
  go_wild("far, last user page", 0x7fffffffe000);
  return app_status();
}
