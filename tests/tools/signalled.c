// Signals for the process while its only thread blocks them: they wait for it, whoever else there is. Ends with 0.
#define _GNU_SOURCE
#include <signal.h>
#include <time.h>
#include <unistd.h>

static volatile int handled, values;
static volatile pid_t handled_on;

static void handle(int number, siginfo_t* info, void* context) {
  (void)number;
  (void)context;
  handled += 1;
  values += info->si_value.sival_int;
  handled_on = gettid();
}

int main(void) {
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
  const int number = SIGRTMIN + 2;
  sigaction(number, &action, NULL);
  sigset_t set, pending;
  sigemptyset(&set);
  sigaddset(&set, number);
  for (int round = 1; round <= 20; ++round) {
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < 3; ++i) {
      if (sigqueue(getpid(), number, (union sigval){.sival_int = round}) != 0) return 1;
    }
    nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
    if (handled != 3 * (round - 1)) return 2;
    if (sigpending(&pending) != 0 || !sigismember(&pending, number)) return 3;
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    // Natively they come before the call returns; here it is enough that they do come.
    for (int i = 0; i < 5000 && handled != 3 * round; ++i) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    if (handled != 3 * round || handled_on != getpid()) return 4;
  }
  return values == 3 * 210 ? 0 : 5;
}
