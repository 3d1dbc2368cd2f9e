// exits: SIGSEGV
// Endless recursion ends at the limit of the stack.
#include "app.h"
int main(void) {
  puts("before");
  __attribute__((noinline)) long deeper(long n) {
    volatile char pad[512];
    pad[0] = (char)n;
    return deeper(n + 1) + pad[0];
  }
  printf("%ld\n", deeper(0));
  puts("after");
  return 1;
}
