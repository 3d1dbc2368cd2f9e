// exits: SIGSEGV
// A signal with no stack to run its handler on kills.
#include "app.h"
int main(void) {
  puts("before");
  handle(SIGSEGV, (void (*)(int, siginfo_t*, void*))exit, 0);
  __asm__ volatile("mov $64, %%esp; mov (%%rsp), %%rax" ::: "rax", "memory");
  puts("after");
  return 1;
}
