// Work that divides without a remainder: each thread computes by itself, over loops, indirect calls
// and returns. `parallel THREADS ROUNDS` does ROUNDS in all, whatever the number of threads.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { kMostThreads = 64, kSteps = 1000 };

typedef uint64_t (*step_function)(uint64_t);
static __attribute__((noinline)) uint64_t add(uint64_t x) { return x + 0x9e3779b97f4a7c15u; }
static __attribute__((noinline)) uint64_t mix(uint64_t x) {
  return (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
}
static __attribute__((noinline)) uint64_t turn(uint64_t x) { return x << 13 | x >> 51; }
static __attribute__((noinline)) uint64_t fold(uint64_t x) { return x ^ x >> 32; }
static step_function const steps[] = {add, mix, turn, fold};

struct part {
  _Alignas(128) pthread_t thread;
  long rounds;
  uint64_t result;
};

static void* compute(void* argument) {
  struct part* part = argument;
  uint64_t x = 1;
  for (long i = 0; i < part->rounds; ++i) {
    for (int step = 0; step < kSteps; ++step) x = steps[x >> 7 & 3](x) + (uint64_t)step;
  }
  part->result = x;
  return NULL;
}

int main(int argc, char** argv) {
  const int threads = argc > 1 ? atoi(argv[1]) : 1;
  const long rounds = argc > 2 ? atol(argv[2]) : 100000;
  static struct part parts[kMostThreads];
  if (threads < 1 || threads > kMostThreads) return 2;
  for (int i = 0; i < threads; ++i) {
    parts[i].rounds = rounds / threads;
    if (pthread_create(&parts[i].thread, NULL, compute, &parts[i]) != 0) return 1;
  }
  int done = 0;
  for (int i = 0; i < threads; ++i) {
    pthread_join(parts[i].thread, NULL);
    done += parts[i].result != 0;
  }
  printf("%d\n", done == threads);
  return 0;
}
