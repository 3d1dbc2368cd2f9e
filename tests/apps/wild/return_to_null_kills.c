// exits: SIGSEGV
// The default action: death by the right signal.
#include "app.h"
int main(void) {
  puts("going");
  __asm__ volatile("push %%rax; ret" ::"a"(0) : "memory");
  return 1;
}
