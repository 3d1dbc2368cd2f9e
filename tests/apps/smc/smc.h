// What the programs of this group share: small functions made at run time, and a body that is run
// alone and by four threads at once.
#pragma once

#include <pthread.h>
#include <sched.h>

#include "app.h"

typedef int (*function)(void);

enum { kFunctionSize = 6, kThreads = 4 };

/// mov eax, value; ret
static inline void write_function(void* at, int value) {
  unsigned char code[kFunctionSize] = {0xb8, 0, 0, 0, 0, 0xc3};
  memcpy(code + 1, &value, sizeof value);
  memcpy(at, code, sizeof code);
}

static inline int call(void* at) {
  // What was called before must not be kept by the compiler.
  __asm__ volatile("" ::: "memory");
  return ((function)at)();
}

static inline unsigned char* map_pages(size_t count, int prot) {
  unsigned char* area =
      (unsigned char*)mmap(NULL, count * 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(area != MAP_FAILED);
  return area;
}

static inline unsigned char* map_rwx(size_t count) {
  return map_pages(count, PROT_READ | PROT_WRITE | PROT_EXEC);
}

struct smc_thread {
  long (*body)(int number, void* shared);
  int number;
  void* shared;
  long result;
  pthread_t thread;
};

static void* smc_start(void* argument) {
  struct smc_thread* self = (struct smc_thread*)argument;
  self->result = self->body(self->number, self->shared);
  return NULL;
}

/// Runs `body` alone, and in four threads at once; prints what each returned.
static inline void alone_and_together(const char* what, long (*body)(int, void*), void* shared) {
  printf("%s: alone %ld", what, body(0, shared));
  struct smc_thread threads[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    threads[i] = (struct smc_thread){body, i, shared, 0, 0};
    REQUIRE(pthread_create(&threads[i].thread, NULL, smc_start, &threads[i]) == 0);
  }
  printf(", together");
  for (int i = 0; i < kThreads; ++i) {
    pthread_join(threads[i].thread, NULL);
    printf(" %ld", threads[i].result);
  }
  printf("\n");
}
