// The mask and pending signals cross exec; the mask crosses fork, pending ones do not; ignored stays ignored.
#include "sig.h"
int main(int argc, char** argv) {
  if (argc > 1) {
    printf("exec: usr1 blocked %d pending %d, usr2 blocked %d, rt pending %d\n",
           sig_blocked(SIGUSR1), sig_waiting(SIGUSR1), sig_blocked(SIGUSR2), sig_waiting(SIGRTMIN));
    sigset_t set;
    sigemptyset(&set), sigaddset(&set, SIGRTMIN);
    siginfo_t info;
    for (int i = 0; i < 3; ++i) {
      EXPECT(sigwaitinfo(&set, &info) == SIGRTMIN);
      printf("value %d\n", info.si_value.sival_int);
    }
    handle(SIGUSR1, sig_note, 0);
    sig_block(SIG_UNBLOCK, SIGUSR1);
    printf("delivered %d\n", sig_count);
    return app_status();
  }
  sig_block(SIG_BLOCK, SIGUSR1), sig_block(SIG_BLOCK, SIGRTMIN);
  kill(getpid(), SIGUSR1);
  pid_t child = fork();
  if (child == 0) _exit(sig_blocked(SIGUSR1) * 2 + sig_waiting(SIGUSR1));
  say_status("fork", wait_for(child));
  for (int i = 0; i < 3; ++i) sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i * 7});
  execl("/proc/self/exe", argv[0], "exec", NULL);
  return 9;
}
