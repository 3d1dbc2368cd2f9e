// What clients are tried on: as many threads as the first argument says, each computes the same, for as many rounds as the
// second says. So many more as the third says compute until the process ends.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { kMostThreads = 64 };

static long rounds = 4000;

__attribute__((noinline)) long step(long value, long by) {
  if (value % 3 == 0) return value / 3 + by;
  if (value % 2 == 0) return value / 2 + 7;
  return 3 * value + by;
}

static void* work(void* result) {
  long value = 12345;
  char text[64];
  char copy[64];
  for (long i = 0; i < rounds; ++i) {
    value = step(value, i & 15);
    snprintf(text, sizeof text, "%ld", value);
    memcpy(copy, text, sizeof text);
    value += (long)strlen(copy);
  }
  *(long*)result = value;
  return NULL;
}

static void* work_on(void* result) {
  for (;;) work(result);
  return NULL;
}

int main(int argc, char** argv) {
  const int count = argc > 1 ? atoi(argv[1]) : 1;
  if (argc > 2) rounds = atol(argv[2]);
  pthread_t threads[kMostThreads];
  long results[kMostThreads];
  static long others[kMostThreads];
  const int left = argc > 3 ? atoi(argv[3]) : 0;
  for (int i = 0; i < left; ++i) pthread_create(&threads[i], NULL, work_on, &others[i]);
  for (int i = 0; i < count; ++i) pthread_create(&threads[i], NULL, work, &results[i]);
  for (int i = 0; i < count; ++i) pthread_join(threads[i], NULL);
  for (int i = 1; i < count; ++i) {
    if (results[i] != results[0]) return 1;
  }
  printf("%ld\n", results[0]);
  return 0;
}
