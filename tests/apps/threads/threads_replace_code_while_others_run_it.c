// One thread maps, fills, publishes and unmaps functions while four threads call whatever is published.
#include <pthread.h>
#include <sched.h>

#include "app.h"
static int (*volatile current)(void);
static volatile int stop;
static volatile long users[4];
static void* calls(void* arg) {
  long wrong = 0;
  volatile long* seen = &users[(long)arg];
  while (!stop) {
    int value = current();
    wrong += value < 1 || value > 100;
    if (++*seen % 16 == 0) sched_yield();
  }
  return (void*)wrong;
}
static int (*make(int value))(void) {
  unsigned char* code =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(code, "\xb8\x00\x00\x00\x00\xc3", 6);
  code[1] = (unsigned char)value;
  mprotect(code, 4096, PROT_READ | PROT_EXEC);
  return (int (*)(void))code;
}
int main(void) {
  current = make(1);
  pthread_t threads[4];
  for (long i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, calls, (void*)i);
  for (int n = 0; n < 100; ++n) {
    int (*old)(void) = current;
    current = make(n % 100 + 1);
    for (int i = 0; i < 4; ++i) {
      long seen = users[i];
      while (users[i] < seen + 2) sched_yield();
    }
    munmap((void*)old, 4096);
  }
  stop = 1;
  for (int i = 0; i < 4; ++i) {
    void* wrong;
    pthread_join(threads[i], &wrong);
    printf("%ld\n", (long)wrong);
  }
  return app_status();
}
