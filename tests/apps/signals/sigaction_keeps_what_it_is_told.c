// sigaction returns the old action as it was set; SIGKILL and SIGSTOP cannot be changed; fork keeps, exec resets.
#include <sys/wait.h>

#include "sig.h"
static void ask(void) {
  struct sigaction a;
  sigaction(SIGUSR1, NULL, &a);
  _exit(a.sa_sigaction == sig_note ? 5 : 6);
}
int main(int argc, char** argv) {
  struct sigaction action, old;
  if (argc > 1) {
    sigaction(SIGUSR1, NULL, &old);
    printf("after exec: handled %d ignored %d\n", old.sa_handler != SIG_DFL,
           (sigaction(SIGUSR2, NULL, &old), old.sa_handler == SIG_IGN));
    return app_status();
  }
  memset(&action, 0, sizeof action);
  action.sa_sigaction = sig_note;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER;
  sigaddset(&action.sa_mask, SIGHUP);
  EXPECT(sigaction(SIGUSR1, &action, &old) == 0 && old.sa_handler == SIG_DFL);
  EXPECT(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_sigaction == sig_note &&
         sigismember(&old.sa_mask, SIGHUP) && !sigismember(&old.sa_mask, SIGINT));
  printf("flags %x\n", old.sa_flags);
  EXPECT(sigaction(SIGKILL, &action, NULL) == -1 && errno == EINVAL);
  EXPECT(sigaction(SIGSTOP, &action, NULL) == -1 && errno == EINVAL);
  EXPECT(sigaction(SIGKILL, NULL, &old) == 0 && old.sa_handler == SIG_DFL);
  EXPECT(sigaction(0, NULL, &old) == -1 && errno == EINVAL);
  EXPECT(sigaction(65, NULL, &old) == -1 && errno == EINVAL);
  in_child("child", ask);
  signal(SIGUSR2, SIG_IGN);
  EXPECT(kill(getpid(), SIGUSR2) == 0);
  execl("/proc/self/exe", argv[0], "exec", NULL);
  return 9;
}
