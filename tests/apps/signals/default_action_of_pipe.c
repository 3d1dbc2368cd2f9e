// exits: SIGPIPE
// The default action of SIGPIPE, sent to itself while other handlers exist.
#include "sig.h"
int main(void) {
  handle(SIGUSR2, sig_note, 0);
  raise(SIGUSR2);
  printf("%d\n", sig_count);
  int p[2];
  pipe(p);
  close(p[0]);
  write(p[1], "x", 1);
  puts("still here");
  return 1;
}
