// exits: SIGTRAP
// int3 without a debugger kills with SIGTRAP.
#include "app.h"
int main(void) {
  puts("before");
  __asm__ volatile("int3");
  puts("after");
  return 1;
}
