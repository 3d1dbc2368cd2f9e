// Recursion 100,000 deep, mutual recursion, tail calls, and returns in another order than the calls.
#include <setjmp.h>

#include "app.h"
static __attribute__((noinline)) unsigned long down(unsigned long n) {
  return n == 0 ? 1 : down(n - 1) * 3 + n;
}
static unsigned long ping(unsigned long);
static __attribute__((noinline)) unsigned long pong(unsigned long n) {
  return n < 2 ? n : ping(n - 1) + ping(n - 2);
}
static __attribute__((noinline)) unsigned long ping(unsigned long n) {
  return n < 2 ? n : pong(n - 1) + pong(n - 2) + 1;
}
static jmp_buf point;
static __attribute__((noinline)) void dive(int depth) {
  if (depth == 0) longjmp(point, 7);
  dive(depth - 1);
  __asm__ volatile("");
}
int main(void) {
  printf("%lx\n%lu\n", down(100000), ping(22));
  volatile int count = 0;
  int value = setjmp(point);
  if (count < 50) {
    ++count;
    dive(count * 10);
  }
  printf("%d %d\n", value, count);
  return app_status();
}
