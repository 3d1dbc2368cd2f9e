// sigwait, sigwaitinfo, sigtimedwait (value, timeout, interruption), sigsuspend, pause, signalfd.
#include <sys/signalfd.h>

#include "sig.h"
int main(void) {
  sigset_t set, empty;
  sigemptyset(&set), sigemptyset(&empty);
  sigaddset(&set, SIGUSR1), sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, NULL);
  kill(getpid(), SIGUSR1);
  int number = 0;
  EXPECT(sigwait(&set, &number) == 0 && number == SIGUSR1);
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 99});
  siginfo_t info;
  EXPECT(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_value.sival_int == 99 &&
         info.si_pid == getpid());
  struct timespec brief = {0, 5000000}, lengthy = {5, 0};
  EXPECT(sigtimedwait(&set, &info, &brief) == -1 && errno == EAGAIN);
  pid_t child = sig_from_child(SIGUSR1, 20);
  EXPECT(sigtimedwait(&set, &info, &lengthy) == SIGUSR1 && info.si_pid == child);
  wait_for(child);
  handle(SIGUSR2, sig_note, 0);
  child = sig_from_child(SIGUSR2, 20);
  EXPECT(sigtimedwait(&set, &info, &lengthy) == -1 && errno == EINTR && sig_count == 1);
  wait_for(child);
  child = sig_from_child(SIGUSR2, 20);
  EXPECT(pause() == -1 && errno == EINTR && sig_count == 2);
  wait_for(child);
  handle(SIGUSR1, sig_note, 0);
  kill(getpid(), SIGUSR1);
  EXPECT(sigsuspend(&empty) == -1 && errno == EINTR && sig_last == SIGUSR1 && sig_blocked(SIGUSR1));
  for (int i = 0; i < 100; ++i) {
    kill(getpid(), SIGUSR1);
    EXPECT(sigsuspend(&empty) == -1 && errno == EINTR);
  }
  printf("count %d\n", sig_count);
  int fd = signalfd(-1, &set, SFD_NONBLOCK);
  struct signalfd_siginfo record;
  EXPECT(read(fd, &record, sizeof record) == -1 && errno == EAGAIN);
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 5});
  EXPECT(read(fd, &record, sizeof record) == sizeof record && record.ssi_int == 5 &&
         (int)record.ssi_signo == SIGRTMIN);
  return app_status();
}
