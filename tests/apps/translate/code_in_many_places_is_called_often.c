// flags: -z execstack
// Code in many small mappings below 2 GB, at fixed addresses up to the end of user memory, on the stack of the first
// thread and of others: called, returned to and jumped to, many times over.
#include <pthread.h>

#include "app.h"

enum { kLow = 40, kRounds = 3000 };

typedef long (*function)(long (*)(long), long);
static long add_one(long x) { return x + 1; }

/// push rbx; mov rbx, rdi; mov rdi, rsi; call rbx; pop rbx; ret: calls what it is given, so that a return comes back.
static function write_caller(void* at) {
  static const unsigned char kCode[] = {0x53, 0x48, 0x89, 0xfb, 0x48, 0x89, 0xf7, 0xff, 0xd3, 0x5b, 0xc3};
  memcpy(at, kCode, sizeof kCode);
  return (function)at;
}

static void* map_code(void* at, int flags) {
  return mmap(at, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static __attribute__((noinline)) long apply(long (*f)(long), long x) { return f(f(x)); }

static long on_the_stack(void) {
  long base = 3;
  long sum = 0;
  long add(long x) { return x + base; }
  for (int i = 0; i < kRounds; ++i) sum += apply(add, i);
  return sum;
}

static void* thread(void* unused) {
  (void)unused;
  return (void*)on_the_stack();
}

int main(void) {
  function low[kLow];
  for (int i = 0; i < kLow; ++i) {
    void* place = map_code(NULL, MAP_32BIT);
    REQUIRE(place != MAP_FAILED);
    mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    low[i] = write_caller(place);
  }
  long sum = 0;
  for (int i = 0; i < kRounds; ++i) sum += low[i % kLow](add_one, i);
  printf("low: %ld\n", sum);
  static const unsigned long kPlaces[] = {0x10000,         0x30000000000, 0xfffff0000000, 0x100000000000,
                                          0x123456789000, 0x600000000000, 0x7f0000000000};
  for (unsigned p = 0; p < sizeof kPlaces / sizeof *kPlaces; ++p) {
    void* place = map_code((void*)kPlaces[p], MAP_FIXED_NOREPLACE);
    if (place == MAP_FAILED) continue;
    function at_place = write_caller(place);
    sum = 0;
    for (int i = 0; i < kRounds; ++i) sum += at_place(add_one, i) + low[0](add_one, i);
    printf("%lx: %ld\n", kPlaces[p], sum);
    // The code there changes, and goes: what was to be found is no longer.
    ((unsigned char*)place)[0] = 0xc3;
    printf("returns at once: %d\n", (int)(at_place(add_one, 1) == at_place(add_one, 1)));
    write_caller(place);
    printf("%ld\n", at_place(add_one, 41));
    munmap(place, 4096);
  }
  printf("on the stack: %ld\n", on_the_stack());
  pthread_t other;
  void* result = NULL;
  REQUIRE(pthread_create(&other, NULL, thread, NULL) == 0 && pthread_join(other, &result) == 0);
  printf("on a thread's stack: %ld\n", (long)result);
  return app_status();
}
