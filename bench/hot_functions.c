// hot_functions THREADS SECONDS: ten functions, called in loops by THREADS threads for SECONDS; prints how many calls
// were made, and the wall and CPU seconds they took. Linked without PIE: the functions' addresses are those of nm.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { kMostThreads = 64, kCallsBetweenLooks = 1000 };

/* Some thirty instructions in four blocks. */
#define HOT(n)                                                            \
  __attribute__((noinline, aligned(64))) unsigned long hot##n(unsigned long x) { \
    unsigned long y = x * (2 * n + 3);                                    \
    for (int i = 0; i < 4; ++i) y ^= (y << 13) ^ (y >> 7) ^ (unsigned long)i; \
    if (y & 64) y += x;                                                   \
    return y;                                                             \
  }
HOT(0) HOT(1) HOT(2) HOT(3) HOT(4) HOT(5) HOT(6) HOT(7) HOT(8) HOT(9)

static atomic_int stop;

struct worker {
  pthread_t thread;
  unsigned long calls;
  double cpu;
  unsigned long sum;
};

static double seconds_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *work(void *argument) {
  struct worker *me = argument;
  unsigned long x = 1;
  while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
    for (int i = 0; i < kCallsBetweenLooks / 10; ++i) {
      x = hot0(x); x = hot1(x); x = hot2(x); x = hot3(x); x = hot4(x);
      x = hot5(x); x = hot6(x); x = hot7(x); x = hot8(x); x = hot9(x);
    }
    me->calls += kCallsBetweenLooks;
  }
  me->sum = x;
  me->cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  return NULL;
}

int main(int argc, char **argv) {
  static struct worker workers[kMostThreads];
  const int threads = argc > 1 ? atoi(argv[1]) : 1;
  const double length = argc > 2 ? atof(argv[2]) : 1;
  if (threads < 1 || threads > kMostThreads) return 2;
  const double start = seconds_of(CLOCK_MONOTONIC);
  for (int i = 0; i < threads; ++i) pthread_create(&workers[i].thread, NULL, work, &workers[i]);
  const struct timespec pause = {(time_t)length, (long)((length - (double)(time_t)length) * 1e9)};
  nanosleep(&pause, NULL);
  atomic_store(&stop, 1);
  double cpu = 0;
  unsigned long calls = 0;
  for (int i = 0; i < threads; ++i) {
    pthread_join(workers[i].thread, NULL);
    cpu += workers[i].cpu;
    calls += workers[i].calls;
  }
  printf("%lu %.6f %.6f\n", calls, seconds_of(CLOCK_MONOTONIC) - start, cpu);
  return 0;
}
