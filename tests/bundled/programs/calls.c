// fib(15) makes 1973 calls of itself; twice() calls it through a pointer and leaf() by name.
// flags: -O1 -g -fno-optimize-sibling-calls
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

static jmp_buf out;

__attribute__((noinline, noipa)) int fib(int n) {
  if (n < 2) return n;
  return fib(n - 1) + fib(n - 2);
}

__attribute__((noinline, noipa)) int leaf(int n) {
  for (int i = 0; i < 100; ++i) __asm__ volatile("" : "+r"(n));
  return n;
}

__attribute__((noinline, noipa)) void leaves(int depth) {
  if (depth == 0) longjmp(out, 1);
  leaves(depth - 1);
}

__attribute__((noinline, noipa)) int twice(int (*function)(int)) { return function(5) + leaf(1); }

int main(void) {
  int sum = fib(15) + twice(fib) + twice(leaf);
  for (volatile int i = 0; i < 10; ++i) {
    if (setjmp(out) == 0) leaves(3);
    sum += (int)strlen("a library's function");
  }
  printf("%d\n", sum);
  return 0;
}
