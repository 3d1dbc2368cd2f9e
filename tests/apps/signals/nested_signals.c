// Handlers interrupted by other signals' handlers, four deep, with faults inside and system calls inside.
#include "sig.h"
static int depth;
static volatile int order[64], n;
static void nest(int number, siginfo_t* info, void* context) {
  order[n++] = number - SIGRTMIN;
  ++depth;
  if (number < SIGRTMIN + 4) raise(number + 1);
  rest_ms(1);
  order[n++] = 100 + number - SIGRTMIN;
  --depth;
}
static void skip(int number, siginfo_t* info, void* context) {
  app_registers(context)[REG_RIP] += 2;
  order[n++] = 50;
  raise(SIGRTMIN + 3);
}
int main(void) {
  for (int i = 0; i < 5; ++i) handle(SIGRTMIN + i, nest, 0);
  handle(SIGILL, skip, 0);
  raise(SIGRTMIN);
  __asm__ volatile("ud2");
  for (int i = 0; i < n; ++i) printf("%d ", order[i]);
  puts("");
  return app_status();
}
