// Endless recursion with an alternate stack: the handler runs, sees an address in the stack, and gets away; twice.
#include <setjmp.h>

#include "sig.h"
static sigjmp_buf out;
static char other[65536];
static void leave(int number, siginfo_t* info, void* context) {
  char here;
  long distance = (long)info->si_addr - (long)app_registers(context)[REG_RSP];
  printf("signal %d code %d on other %d near %d\n", number, info->si_code,
         &here >= other && &here < other + sizeof other, labs(distance) < 65536);
  siglongjmp(out, 1);
}
static __attribute__((noinline)) long deeper(long n) {
  volatile char pad[256];
  pad[0] = (char)n;
  return deeper(n + 1) + pad[0];
}
int main(void) {
  stack_t alternate = {.ss_sp = other, .ss_size = sizeof other};
  sigaltstack(&alternate, NULL);
  handle(SIGSEGV, leave, SA_ONSTACK);
  for (volatile int i = 0; i < 2; ++i)
    if (sigsetjmp(out, 1) == 0) deeper(0);
  stack_t now;
  sigaltstack(NULL, &now);
  printf("flags %d\n", now.ss_flags);
  return app_status();
}
