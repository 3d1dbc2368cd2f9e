// One function's code changes through a second mapping of its page, which nothing can notice, while somebody keeps
// deleting the function's block. No thread may run a version older than one that any thread has run before the call:
// that would be old code, entered after its deletion. The last version must be seen, which takes a deletion.
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { kThreads = 4, kVersions = 20000, kPlace = 0x10000000, kImmediate = 4 };

static _Atomic uint32_t newest_seen;
static atomic_int stop;
static unsigned long backward[kThreads], changes[kThreads];
static uint32_t (*volatile by_pointer)(void) = (uint32_t(*)(void))(uintptr_t)kPlace;

static uint32_t by_link(void) {
  uint32_t version;
  __asm__ volatile("call %c1" : "=a"(version) : "i"(kPlace) : "memory", "cc");
  return version;
}

static void note_seen(uint32_t version) {
  uint32_t seen = atomic_load(&newest_seen);
  while (seen < version && !atomic_compare_exchange_weak(&newest_seen, &seen, version)) {
  }
}

static void* call(void* argument) {
  const size_t me = (size_t)argument;
  uint32_t last = 0;
  while (!stop) {
    const uint32_t before = atomic_load(&newest_seen);
    const uint32_t version = me % 2 == 0 ? by_pointer() : by_link();
    if (version < before) backward[me]++;
    if (version != last) changes[me]++;
    last = version;
    note_seen(version);
  }
  return NULL;
}

static void pause_for(long ns) {
  const struct timespec pause = {0, ns};
  nanosleep(&pause, NULL);
}

int main(void) {
  const int file = memfd_create("code", 0);
  if (ftruncate(file, 4096) != 0) return 2;
  uint8_t* writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  void* code = mmap((void*)(uintptr_t)kPlace, 4096, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
  if (writable == MAP_FAILED || code == MAP_FAILED) return 2;
  // nop; nop; nop; mov eax, version; ret: the version lies in one aligned word.
  const uint8_t bytes[] = {0x90, 0x90, 0x90, 0xB8, 0, 0, 0, 0, 0xC3};
  memcpy(writable, bytes, sizeof bytes);
  pthread_t threads[kThreads];
  for (size_t i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, call, (void*)i);
  for (uint32_t version = 1; version <= kVersions; ++version) {
    atomic_store((_Atomic uint32_t*)(writable + kImmediate), version);
    if (version % 4 == 0) pause_for(10000);
  }
  for (int i = 0; i < 1000 && atomic_load(&newest_seen) != kVersions; ++i) pause_for(10000000);
  stop = 1;
  unsigned long went_back = 0, seen = 0;
  for (size_t i = 0; i < kThreads; ++i) {
    pthread_join(threads[i], NULL);
    went_back += backward[i];
    seen += changes[i];
  }
  printf("went back %lu times; many versions were seen: %d; the last one, too: %d\n", went_back, seen > 100,
         atomic_load(&newest_seen) == kVersions);
  fprintf(stderr, "%lu changes seen\n", seen);
  return went_back != 0 || seen <= 100 || newest_seen != kVersions;
}
