// 10,000 queued and 10,000 directed signals, while the program also forks, allocates and prints: none is lost.
#include "sig.h"
static volatile int values, rt;
static void add(int number, siginfo_t* info, void* context) {
  values += info->si_value.sival_int, ++rt;
}
int main(void) {
  handle(SIGRTMIN, add, SA_RESTART), handle(SIGUSR1, sig_note, SA_RESTART);
  pid_t parent = getpid(), child = fork();
  if (child == 0) {
    for (int i = 0; i < 10000; ++i)
      while (sigqueue(parent, SIGRTMIN, (union sigval){.sival_int = i % 10}) < 0) rest_ms(1);
    _exit(0);
  }
  for (int i = 0; i < 10000; ++i) {
    raise(SIGUSR1);
    free(malloc((size_t)i));
  }
  wait_for(child);
  while (rt < 10000) rest_ms(1);
  printf("%d %d %d\n", sig_count, rt, values);
  return app_status();
}
