// One thread rewrites functions that others run, with a handshake; what is run is never older.
#include "smc.h"

enum { kFunctions = 8, kRounds = 300 };
static unsigned char* area;
static volatile int published[kFunctions];
static volatile int seen[kThreads];
static volatile int stop;

static void* runs(void* argument) {
  long number = (long)argument;
  long wrong = 0;
  while (!stop) {
    for (int f = 0; f < kFunctions; ++f) {
      int before = __atomic_load_n(&published[f], __ATOMIC_ACQUIRE);
      int value = call(area + f * 512);
      int after = __atomic_load_n(&published[f], __ATOMIC_ACQUIRE);
      // Written before it is published, so a call may be one ahead, and never behind.
      wrong += value < before || value > after + 1;
    }
    ++seen[number];
    sched_yield();
  }
  return (void*)wrong;
}

int main(void) {
  area = map_rwx(1);
  for (int f = 0; f < kFunctions; ++f)
    write_function(area + f * 512 + 7, 0), write_function(area + f * 512, 0);
  pthread_t threads[kThreads];
  for (long i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, runs, (void*)i);
  for (int round = 1; round <= kRounds; ++round) {
    int f = round % kFunctions;
    int value = published[f] + 1;
    // The immediate is at an odd address within one aligned word: one store, seen whole.
    unsigned long word = *(unsigned long*)(area + f * 512);
    word = word & 0xffffff00000000fful & ~0xff00000000ul | (unsigned long)(unsigned)value << 8;
    *(volatile unsigned long*)(area + f * 512) = word;
    __atomic_store_n(&published[f], value, __ATOMIC_RELEASE);
    EXPECT(call(area + f * 512) == value);
    int before = seen[round % kThreads];
    while (seen[round % kThreads] == before) sched_yield();
  }
  stop = 1;
  for (int i = 0; i < kThreads; ++i) {
    void* wrong;
    pthread_join(threads[i], &wrong);
    printf("%ld\n", (long)wrong);
  }
  return app_status();
}
