// Branches to memory that is mapped but not executable: a variable, the stack, the heap, read-only data.
#include "wild.h"
int main(void) {
  handle(SIGSEGV, wild_report, SA_NODEFER);
  static long variable = 5;
  static const char constant[] = "read-only";
  char* heap = malloc(100);
  int local = 0;
  go_wild("variable", (unsigned long)&variable);
  go_wild("constant", (unsigned long)constant);
  go_wild("heap", (unsigned long)heap + 3);
  go_wild("stack", (unsigned long)&local);
  return app_status();
}
