// A signal in the instant before a blocking call is never lost: with sigsuspend or ppoll there is no gap. 2000 times.
#include <poll.h>

#include "sig.h"
int main(void) {
  handle(SIGUSR1, sig_note, 0);
  sig_block(SIG_BLOCK, SIGUSR1);
  sigset_t empty;
  sigemptyset(&empty);
  pid_t parent = getpid(), child = fork();
  if (child == 0) {
    handle(SIGUSR1, sig_note, 0);
    for (int i = 0; i < 2000; ++i) {
      kill(parent, SIGUSR1);
      sigsuspend(&empty);
    }
    _exit(0);
  }
  for (int i = 0; i < 2000; ++i) {
    int result = i & 1 ? sigsuspend(&empty) : ppoll(NULL, 0, &(struct timespec){10, 0}, &empty);
    EXPECT(result == -1 && errno == EINTR);
    kill(child, SIGUSR1);
  }
  say_status("child", wait_for(child));
  printf("%d\n", sig_count);
  return app_status();
}
