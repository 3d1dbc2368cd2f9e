// exits: SIGQUIT
// The default action of SIGQUIT, sent to itself while other handlers exist.
#include "sig.h"
int main(void) {
  handle(SIGUSR2, sig_note, 0);
  raise(SIGUSR2);
  printf("%d\n", sig_count);
  raise(SIGQUIT);
  puts("still here");
  return 1;
}
