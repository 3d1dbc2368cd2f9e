// si_code, si_pid, si_uid, si_value for kill, tgkill, raise, sigqueue, timers, alarm, SIGCHLD, SIGPIPE and SIGIO-like ones.
#include "sig.h"
static void show(int number, siginfo_t* info, void* context) {
  printf("signal %d code %d", number, info->si_code);
  if (info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE)
    printf(" self %d uid %d value %x", info->si_pid == getpid(), info->si_uid,
           info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
  if (info->si_code == SI_TIMER)
    printf(" value %x overrun %d", info->si_value.sival_int, info->si_overrun);
  if (number == SIGCHLD) printf(" status %d", info->si_status);
  puts("");
  ++sig_count;
}
int main(void) {
  for (int i = 1; i < 32; ++i)
    if (i != SIGKILL && i != SIGSTOP) handle(i, show, 0);
  handle(SIGRTMIN + 2, show, 0);
  kill(getpid(), SIGUSR1);
  raise(SIGUSR2);
  syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGTERM);
  syscall(SYS_tkill, syscall(SYS_gettid), SIGHUP);
  union sigval value = {.sival_int = 0x1234};
  sigqueue(getpid(), SIGRTMIN + 2, value);
  timer_t timer;
  struct sigevent event = {
      .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM, .sigev_value.sival_int = 0x77};
  EXPECT(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
  struct itimerspec soon = {{0, 0}, {0, 1000000}};
  int before = sig_count;
  timer_settime(timer, 0, &soon, NULL);
  while (sig_count == before) rest_ms(1);
  timer_delete(timer);
  before = sig_count;
  if (fork() == 0) _exit(3);
  while (sig_count == before) rest_ms(1);
  wait(NULL);
  before = sig_count;
  pid_t child = fork();
  if (child == 0) {
    signal(SIGTERM, SIG_DFL);
    raise(SIGTERM);
  }
  while (sig_count == before) rest_ms(1);
  wait(NULL);
  int pipes[2];
  pipe(pipes), close(pipes[0]);
  EXPECT(write(pipes[1], "x", 1) == -1 && errno == EPIPE);
  before = sig_count;
  struct itimerval tick = {{0, 0}, {0, 1000}};
  setitimer(ITIMER_REAL, &tick, NULL);
  while (sig_count == before) rest_ms(1);
  return app_status();
}
