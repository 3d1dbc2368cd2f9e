// Code that ran and then lost its permission, was unmapped, and got it back.
#include "wild.h"
int main(void) {
  handle(SIGSEGV, wild_report, SA_NODEFER);
  unsigned char* code = code_area("\xb8\x07\x00\x00\x00\xc3", 6);
  int (*run)(void) = (int (*)(void))code;
  printf("%d\n", run());
  mprotect(code, 4096, PROT_READ);
  go_wild("no execution", (unsigned long)code);
  mprotect(code, 4096, PROT_READ | PROT_EXEC);
  printf("%d\n", run());
  munmap(code, 4096);
  go_wild("unmapped", (unsigned long)code);
  mmap(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
       0);
  memcpy(code, "\xb8\x09\x00\x00\x00\xc3", 6);
  printf("%d\n", run());
  return app_status();
}
