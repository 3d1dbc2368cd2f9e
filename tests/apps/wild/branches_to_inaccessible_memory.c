// Branches to pages without any permission, and write-only ones.
#include "wild.h"
int main(void) {
  handle(SIGSEGV, wild_report, SA_NODEFER);
  char* area = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  go_wild("none", (unsigned long)area + 16);
  mprotect(area, 4096, PROT_WRITE);
  go_wild("write", (unsigned long)area + 24);
  return app_status();
}
