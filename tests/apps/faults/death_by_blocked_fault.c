// exits: SIGSEGV
// A fault whose signal is blocked kills all the same.
#include "app.h"
int main(void) {
  puts("before");
  handle(SIGSEGV, (void (*)(int, siginfo_t*, void*))exit, 0);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGSEGV);
  sigprocmask(SIG_BLOCK, &set, NULL);
  printf("%d\n", *(volatile int*)8);
  puts("after");
  return 1;
}
