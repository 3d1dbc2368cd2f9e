// Thousands of jumps out of asynchronous and synchronous handlers, with the mask restored and without.
#include <setjmp.h>

#include "sig.h"
static sigjmp_buf out;
static void leave(int number) { siglongjmp(out, number); }
int main(void) {
  signal(SIGUSR1, leave), signal(SIGALRM, leave);
  volatile int counts[65] = {0};
  for (volatile int i = 0; i < 3000; ++i) {
    int number = sigsetjmp(out, 1);
    if (number == 0) {
      raise(SIGUSR1);
      puts("never");
    }
    ++counts[number];
  }
  struct itimerval fast = {{0, 0}, {0, 300}};
  for (volatile int i = 0; i < 200; ++i) {
    if (sigsetjmp(out, 1) == 0) {
      setitimer(ITIMER_REAL, &fast, NULL);
      for (;;) {
      }
    }
    ++counts[SIGALRM];
  }
  printf("%d %d blocked %d\n", counts[SIGUSR1], counts[SIGALRM], sig_blocked(SIGUSR1));
  for (volatile int i = 0; i < 3; ++i) {
    sig_block(SIG_UNBLOCK, SIGUSR1);
    if (sigsetjmp(out, 0) == 0) raise(SIGUSR1);
    printf("mask not restored: blocked %d\n", sig_blocked(SIGUSR1));
  }
  return app_status();
}
