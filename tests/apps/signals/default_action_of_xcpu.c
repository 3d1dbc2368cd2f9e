// exits: SIGXCPU
// The default action of SIGXCPU, sent to itself while other handlers exist.
#include "sig.h"
int main(void) {
  handle(SIGUSR2, sig_note, 0);
  raise(SIGUSR2);
  printf("%d\n", sig_count);
  raise(SIGXCPU);
  puts("still here");
  return 1;
}
