// Threads (argument 1) run some thousand blocks over and over, while every `argument 2`
// milliseconds all of them go over to a value that the tool has not seen before. Prints a line for
// each interval: nanoseconds since the start, rounds done by all threads, the current value.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { kMost = 64, kValues = 6, kInterval = 5 /* ms */ };

#define STEP(n)                                       \
  static __attribute__((noinline)) long step_##n(long x) { \
    if (x & 1) x = x * 3 + n; else x = x / 2 + n;     \
    if (x & 4) x ^= 0x55 + n;                         \
    return (x & 8) ? x + 1 : x - 1;                   \
  }
#define EIGHT(n) STEP(n##0) STEP(n##1) STEP(n##2) STEP(n##3) STEP(n##4) STEP(n##5) STEP(n##6) STEP(n##7)
EIGHT(1) EIGHT(2) EIGHT(3) EIGHT(4) EIGHT(5) EIGHT(6) EIGHT(7) EIGHT(8)
EIGHT(11) EIGHT(12) EIGHT(13) EIGHT(14) EIGHT(15) EIGHT(16) EIGHT(17) EIGHT(18)

#define CALL(n) x = step_##n(x);
#define CALLS(n) CALL(n##0) CALL(n##1) CALL(n##2) CALL(n##3) CALL(n##4) CALL(n##5) CALL(n##6) CALL(n##7)

static long one_round(long x) {
  CALLS(1) CALLS(2) CALLS(3) CALLS(4) CALLS(5) CALLS(6) CALLS(7) CALLS(8)
  CALLS(11) CALLS(12) CALLS(13) CALLS(14) CALLS(15) CALLS(16) CALLS(17) CALLS(18)
  return x;
}

struct Worker {
  pthread_t thread;
  _Alignas(64) long rounds;
  long result;
};

static struct Worker g_workers[kMost];
static long g_value;
static int g_stop;

static void tell(long value) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(0x7100L), "D"(value) : "rcx", "r11", "memory");
}

static void* body(void* argument) {
  struct Worker* me = argument;
  long value = 0;
  long x = me - g_workers;
  tell(value);
  while (!__atomic_load_n(&g_stop, __ATOMIC_RELAXED)) {
    const long now = __atomic_load_n(&g_value, __ATOMIC_RELAXED);
    if (now != value) tell(value = now);
    for (int i = 0; i < 8; ++i) x = one_round(x);
    __atomic_store_n(&me->rounds, me->rounds + 8, __ATOMIC_RELAXED);
  }
  me->result = x;
  return NULL;
}

static long nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000L + now.tv_nsec;
}

int main(int argc, char** argv) {
  const int count = argc > 1 ? atoi(argv[1]) : 16;
  const long length = argc > 2 ? atol(argv[2]) : 500;
  if (count < 1 || count > kMost) return 2;
  for (int i = 0; i < count; ++i) pthread_create(&g_workers[i].thread, NULL, body, &g_workers[i]);
  const long start = nanoseconds();
  for (long value = 0; value < kValues; ++value) {
    // The first phase is twice as long: the program's code is built in it.
    const long end = start + (value + 2) * length * 1000000;
    __atomic_store_n(&g_value, value, __ATOMIC_RELAXED);
    while (nanoseconds() < end) {
      usleep(kInterval * 1000);
      long sum = 0;
      for (int i = 0; i < count; ++i) sum += __atomic_load_n(&g_workers[i].rounds, __ATOMIC_RELAXED);
      printf("%ld %ld %ld\n", nanoseconds() - start, sum, value);
    }
  }
  __atomic_store_n(&g_stop, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < count; ++i) pthread_join(g_workers[i].thread, NULL);
  return 0;
}
