// There is so much code, and so many functions run, that returns are made in another way from somewhere on: while calls are
// under way, in this thread and in another, and with return addresses that were taken and changed.
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>

#include "app.h"

#define FUNCTIONS 24000

// Function n, at many + 8 * n, returns its argument + 3.
asm(".pushsection .text\n"
    ".balign 8\n"
    "many:\n"
    ".rept 24000\n"
    "lea 3(%rdi), %rax\n"
    "ret\n"
    ".balign 8\n"
    ".endr\n"
    ".popsection\n");
extern char many[];

typedef uint64_t (*Function)(uint64_t);

static uint64_t call_many(unsigned first, unsigned count) {
  uint64_t sum = 0;
  for (unsigned i = first; i < first + count; i++) {
    sum += ((Function)(uintptr_t)(many + 8 * (size_t)i))(i);
  }
  return sum;
}

// Every level is a call under way while the functions are called, and a return after it.
__attribute__((noipa)) static uint64_t descend(unsigned depth) {
  const unsigned share = FUNCTIONS / 100;
  uint64_t sum = 0;
  if (depth < 100) {
    sum = call_many(depth * share, share) + 7 * descend(depth + 1);
  }
  return sum ^ depth;
}

static jmp_buf target;
__attribute__((noipa)) static void leave(int value) { longjmp(target, value); }

static atomic_int stop;
static void* call_and_return(void* unused) {
  (void)unused;
  uint64_t wrong = 0;
  while (!stop) {
    uint64_t sum = call_many(0, 500);
    wrong += sum != 500u * 499 / 2 + 1500;
  }
  return (void*)(uintptr_t)wrong;
}

int main(int argc, char** argv) {
  // A library, say, most of which is never called.
  const int file = memfd_create("library", 0);
  const size_t size = 20u << 20;
  REQUIRE(ftruncate(file, (off_t)size) == 0);
  REQUIRE(mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0) != MAP_FAILED);
  // "makes-code": has memory of its own to run code in, as a JIT has.
  if (argc > 1) mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pthread_t other;
  pthread_create(&other, NULL, call_and_return, NULL);
  printf("%llu\n", (unsigned long long)descend(0));
  printf("%llu\n", (unsigned long long)descend(0));
  int caught = 0;
  for (volatile int i = 1; i <= 1000; i++) {
    const int value = setjmp(target);
    if (value == 0) leave(i);
    caught += value == i;
  }
  stop = 1;
  void* wrong;
  pthread_join(other, &wrong);
  printf("caught %d, wrong %d\n", caught, (int)(uintptr_t)wrong);
  return 0;
}
