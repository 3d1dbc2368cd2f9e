// exits: SIGFPE
// A division by zero kills with SIGFPE.
#include "app.h"
int main(void) {
  puts("before");
  __asm__ volatile("xor %%ecx, %%ecx; idiv %%ecx" ::: "rax", "rcx", "rdx");
  puts("after");
  return 1;
}
