// exits: SIGINT
// The default action of SIGINT, sent to itself while other handlers exist.
#include "sig.h"
int main(void) {
  handle(SIGUSR2, sig_note, 0);
  raise(SIGUSR2);
  printf("%d\n", sig_count);
  sig_block(SIG_BLOCK, SIGINT);
  raise(SIGINT);
  puts("held");
  sig_block(SIG_UNBLOCK, SIGINT);
  puts("still here");
  return 1;
}
