// Blocked signals wait, standard ones once, real-time ones in order; sigpending shows them; unblocking delivers at once.
#include "sig.h"
static void show(int number, siginfo_t* info, void* context) {
  printf("got %d value %d\n", number - (number >= SIGRTMIN ? SIGRTMIN : 0),
         info->si_code == SI_QUEUE ? info->si_value.sival_int : -1);
}
int main(void) {
  for (int i = 0; i < 3; ++i) handle(SIGRTMIN + i, show, 0), sig_block(SIG_BLOCK, SIGRTMIN + i);
  handle(SIGUSR1, show, 0), sig_block(SIG_BLOCK, SIGUSR1);
  for (int i = 0; i < 3; ++i) kill(getpid(), SIGUSR1);
  for (int i = 0; i < 9; ++i)
    sigqueue(getpid(), SIGRTMIN + 2 - i % 3, (union sigval){.sival_int = i});
  printf("pending %d %d %d\n", sig_waiting(SIGUSR1), sig_waiting(SIGRTMIN), sig_waiting(SIGHUP));
  sig_block(SIG_UNBLOCK, SIGUSR1);
  puts("--");
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  printf("pending %d\n", sig_waiting(SIGRTMIN));
  sigset_t all, old;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  sigprocmask(SIG_SETMASK, NULL, &old);
  printf("kill %d stop %d int %d\n", sigismember(&old, SIGKILL), sigismember(&old, SIGSTOP),
         sigismember(&old, SIGINT));
  signal(SIGUSR1, SIG_IGN);
  raise(SIGUSR1);
  printf("ignored pending %d\n", sig_waiting(SIGUSR1));
  EXPECT(sigprocmask(77, &all, NULL) == -1 && errno == EINVAL);
  return app_status();
}
