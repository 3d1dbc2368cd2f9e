// pthread_kill reaches the thread it names, process signals one that does not block them, masks are inherited.
#include <pthread.h>

#include "app.h"
static __thread volatile int got;
static volatile int stop, ready;
static void note(int number, siginfo_t* info, void* context) { ++got; }
static void* counts(void* arg) {
  __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
  if ((long)arg & 1)
    while (!stop) rest_ms(1);
  else
    while (!stop) {
    }
  return (void*)(long)got;
}
static void* inherits(void* arg) {
  sigset_t set;
  pthread_sigmask(SIG_BLOCK, NULL, &set);
  return (void*)(long)sigismember(&set, SIGUSR2);
}
static void* waits(void* arg) {
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR2);
  int number = 0;
  sigwait(&set, &number);
  return (void*)(long)number;
}
int main(void) {
  handle(SIGRTMIN + 5, note, SA_RESTART);
  pthread_t threads[4];
  for (long i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, counts, (void*)i);
  while (ready < 4) rest_ms(1);
  for (int n = 0; n < 100; ++n)
    for (int i = 0; i < 4; ++i) EXPECT(pthread_kill(threads[i], SIGRTMIN + 5) == 0);
  rest_ms(100);
  stop = 1;
  for (int i = 0; i < 4; ++i) {
    void* result;
    pthread_join(threads[i], &result);
    printf("%ld\n", (long)result);
  }
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  void* result;
  pthread_create(&threads[0], NULL, inherits, NULL);
  pthread_join(threads[0], &result);
  printf("inherited %ld\n", (long)result);
  pthread_create(&threads[0], NULL, waits, NULL);
  rest_ms(10);
  kill(getpid(), SIGUSR2);
  pthread_join(threads[0], &result);
  printf("waited %ld main got %d\n", (long)result, got);
  return app_status();
}
