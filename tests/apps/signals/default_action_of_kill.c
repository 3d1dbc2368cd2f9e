// exits: SIGKILL
// The default action of SIGKILL, sent to itself while other handlers exist.
#include "sig.h"
int main(void) {
  handle(SIGUSR2, sig_note, 0);
  raise(SIGUSR2);
  printf("%d\n", sig_count);
  raise(SIGKILL);
  puts("still here");
  return 1;
}
