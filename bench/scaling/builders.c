// Code that nobody has seen before: each thread makes functions of its own and calls each once, so
// that an engine builds all the time, in all threads. `builders THREADS FUNCTIONS` makes FUNCTIONS
// in all, whatever the number of threads.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { kMostThreads = 64, kFunctionSize = 64 };

// xor eax, eax; test edi, edi; jz +2; jmp +1; nop; lea eax, [rdi + 1]; ret
static const unsigned char kFunction[] = {0x31, 0xc0, 0x85, 0xff, 0x74, 0x02, 0xeb,
                                          0x01, 0x90, 0x8d, 0x47, 0x01, 0xc3};
static pthread_barrier_t ready;

struct part {
  pthread_t thread;
  long functions;
  long sum;
};

static void* build(void* argument) {
  struct part* part = argument;
  const size_t size = (size_t)part->functions * kFunctionSize;
  unsigned char* code =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) return NULL;
  for (long i = 0; i < part->functions; ++i) {
    memcpy(code + i * kFunctionSize, kFunction, sizeof kFunction);
  }
  if (mprotect(code, size, PROT_READ | PROT_EXEC) != 0) return NULL;
  pthread_barrier_wait(&ready);
  for (long i = 0; i < part->functions; ++i) {
    int (*function)(int) = (int (*)(int))(void*)(code + i * kFunctionSize);
    part->sum += function(1);
  }
  return NULL;
}

int main(int argc, char** argv) {
  const int threads = argc > 1 ? atoi(argv[1]) : 1;
  const long functions = argc > 2 ? atol(argv[2]) : 100000;
  static struct part parts[kMostThreads];
  if (threads < 1 || threads > kMostThreads) return 2;
  pthread_barrier_init(&ready, NULL, (unsigned)threads);
  long sum = 0;
  for (int i = 0; i < threads; ++i) {
    parts[i].functions = functions / threads;
    if (pthread_create(&parts[i].thread, NULL, build, &parts[i]) != 0) return 1;
  }
  for (int i = 0; i < threads; ++i) {
    pthread_join(parts[i].thread, NULL);
    sum += parts[i].sum;
  }
  printf("%d\n", sum == functions / threads * threads * 2);
  return 0;
}
