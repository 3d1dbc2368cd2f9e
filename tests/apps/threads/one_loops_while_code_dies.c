// One thread stays in one loop without a call; the other runs code enough for a deleter to find something. Under
// --stress-delete the looping thread would hold every dead fragment back for ever if nobody fetched it.
// flags: -no-pie
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "app.h"

static volatile int stop;
static volatile unsigned long turns;

static void* loop(void* unused) {
  while (!stop) turns++;
  return unused;
}

#define F(n) \
  __attribute__((noinline)) static unsigned long f##n(unsigned long x) { return x % 3 ? x * (n + 3) : x ^ (x >> (n % 7 + 1)); }
#define TEN(n) F(n##0) F(n##1) F(n##2) F(n##3) F(n##4) F(n##5) F(n##6) F(n##7) F(n##8) F(n##9)
TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6)
#define NAMES(n) f##n##0, f##n##1, f##n##2, f##n##3, f##n##4, f##n##5, f##n##6, f##n##7, f##n##8, f##n##9
static unsigned long (*const functions[])(unsigned long) = {NAMES(1), NAMES(2), NAMES(3), NAMES(4), NAMES(5), NAMES(6)};

int main(int argc, char** argv) {
  double seconds = argc > 1 ? atof(argv[1]) : 0.2;
  pthread_t thread;
  pthread_create(&thread, NULL, loop, NULL);
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  unsigned long wrong = 0;
  do {
    unsigned long sum = 0;
    for (unsigned long i = 0; i < 3000; ++i) sum += functions[i % 60](i);
    static unsigned long first;
    if (first == 0) first = sum;
    wrong += sum != first;
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while ((double)(now.tv_sec - start.tv_sec) + 1e-9 * (double)(now.tv_nsec - start.tv_nsec) < seconds);
  stop = 1;
  pthread_join(thread, NULL);
  printf("wrong sums: %lu, the other thread got on: %d\n", wrong, turns > 1000);
  return 0;
}
