// exits: SIGSEGV
// A privileged instruction kills with SIGSEGV.
#include "app.h"
int main(void) {
  puts("before");
  __asm__ volatile("hlt");
  puts("after");
  return 1;
}
