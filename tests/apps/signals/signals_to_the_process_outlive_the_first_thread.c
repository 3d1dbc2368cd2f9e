// The first thread ends while queued signals come for the process: each of them is handled once.
#include <pthread.h>

#include "sig.h"
enum { kSignals = 300 };
static volatile int handled[kSignals];
static void note(int number, siginfo_t* info, void* context) {
  __atomic_add_fetch(&handled[info->si_value.sival_int], 1, __ATOMIC_RELAXED);
}
static void* other(void* sender) {
  int status = wait_for(*(pid_t*)sender);
  int once = 0;
  for (int tries = 0; once < kSignals && tries < 500; ++tries) {
    rest_ms(10);
    once = 0;
    for (int i = 0; i < kSignals; ++i) once += handled[i] == 1;
  }
  printf("sender %d, handled once: %d\n", status, once);
  exit(0);
}
int main(void) {
  for (int number = SIGRTMIN; number < SIGRTMIN + 4; ++number) handle(number, note, SA_RESTART);
  static pid_t sender;
  sender = fork();
  if (sender == 0) {
    for (int i = 0; i < kSignals; ++i) {
      union sigval value = {.sival_int = i};
      if (sigqueue(getppid(), SIGRTMIN + i % 4, value) != 0) _exit(1);
      for (volatile int pause = 0; pause < 2000; ++pause) {
      }
    }
    _exit(0);
  }
  pthread_t thread;
  pthread_create(&thread, NULL, other, &sender);
  usleep(300);
  pthread_exit(NULL);
}
