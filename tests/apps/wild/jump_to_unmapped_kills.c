// exits: SIGSEGV
// The default action: death by the right signal.
#include "app.h"
int main(void) {
  puts("going");
  __asm__ volatile("jmp *%%rax" ::"a"(0x123456780000) : "memory");
  return 1;
}
