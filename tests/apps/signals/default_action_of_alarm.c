// exits: SIGALRM
// The default action of SIGALRM, sent to itself while other handlers exist.
#include "sig.h"
int main(void) {
  handle(SIGUSR2, sig_note, 0);
  raise(SIGUSR2);
  printf("%d\n", sig_count);
  struct itimerval t = {{0, 0}, {0, 1000}};
  setitimer(ITIMER_REAL, &t, NULL);
  for (;;) {
  }
  puts("still here");
  return 1;
}
