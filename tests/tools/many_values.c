// Threads (arguments: how many, and how many values) call `work` after telling the tool a value,
// three times for each value, each thread in an order of its own.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/// Of switching_jumps.S: returns 7 n / 2 for an even n.
long work(long n);

enum { kRounds = 3, kLength = 20 };

static int g_values;
static int g_wrong;

static void tell(long value) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(0x7100L), "D"(value) : "rcx", "r11", "memory");
}

static void* body(void* number) {
  const long start = (long)number * 37;
  for (int round = 0; round < kRounds; ++round) {
    for (long i = 0; i < g_values; ++i) {
      tell((start + i) % g_values);
      if (work(kLength) != 7 * kLength / 2) __atomic_fetch_add(&g_wrong, 1, __ATOMIC_RELAXED);
    }
  }
  return NULL;
}

int main(int argc, char** argv) {
  enum { kMost = 64 };
  pthread_t threads[kMost];
  const int count = argc > 2 ? atoi(argv[1]) : 0;
  g_values = argc > 2 ? atoi(argv[2]) : 0;
  if (count < 1 || count > kMost || g_values < 1) return 2;
  for (long i = 0; i < count; ++i) pthread_create(&threads[i], NULL, body, (void*)i);
  for (int i = 0; i < count; ++i) pthread_join(threads[i], NULL);
  printf("wrong=%d\n", g_wrong);
  return g_wrong != 0;
}
