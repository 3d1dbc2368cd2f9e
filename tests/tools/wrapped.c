// Calls functions in known numbers, for functions.cc: usage: wrapped PART [THREADS].
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEPT __attribute__((noinline, used))

KEPT int64_t work(int64_t a, int64_t b) {
  __asm__ volatile("" : "+r"(a));
  return a + b;
}

KEPT void start(void) { __asm__ volatile(""); }

KEPT int64_t recurse(int64_t n) {
  const int64_t rest = n == 0 ? 0 : recurse(n - 1);
  __asm__ volatile("");
  return rest + n;
}

static jmp_buf g_jump;
KEPT int64_t leaves(int64_t n) {
  if (n % 2 != 0) longjmp(g_jump, 1);
  return n;
}

KEPT int64_t seven(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g) {
  __asm__ volatile("");
  return a + b + c + d + e + f + g;
}

static int64_t sum_of_work(int64_t count) {
  int64_t sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    sum += work(i, 2);
    if (i % 3 == 0) sum += work(i, 3);  // another place to return to
  }
  return sum;
}

static void* run(void* unused) {
  (void)unused;
  return (void*)sum_of_work(3000);
}

static int64_t in_threads(int count) {
  pthread_t threads[64];
  int64_t sum = 0;
  for (int i = 0; i < count; ++i) pthread_create(&threads[i], NULL, run, NULL);
  for (int i = 0; i < count; ++i) {
    void* part = NULL;
    pthread_join(threads[i], &part);
    sum += (int64_t)part;
  }
  return sum;
}

static int64_t jumps(void) {
  volatile int64_t sum = 0;
  for (volatile int64_t i = 0; i < 100; ++i) {
    if (setjmp(g_jump) == 0) sum += leaves(i);
  }
  return sum;
}

KEPT int64_t stays(int64_t i) {
  __asm__ volatile("");
  return i;
}

KEPT int64_t exits(int64_t i) {
  _exit((int)i);
  return i;
}

// From one place, with one stack: by turns a function that is left without a return, and one that is not wrapped.
static int64_t by_turns(void) {
  static int64_t (*const both[])(int64_t) = {leaves, stays};
  volatile int64_t sum = 0;
  for (volatile int64_t i = 1; i < 200; i += 2) {
    for (volatile int which = 0; which < 2; ++which) {
      int64_t (*volatile function)(int64_t) = both[which];
      if (setjmp(g_jump) == 0) sum += function(i);
    }
  }
  return sum;
}

// The same, where a child of vfork ends in the call.
static int64_t by_children(void) {
  static int64_t (*const both[])(int64_t) = {stays, exits};
  int64_t sum = 0;
  for (int64_t i = 0; i < 100; ++i) {
    const pid_t child = vfork();
    int64_t (*volatile function)(int64_t) = both[child == 0];
    sum += function(i);
    int status = 0;
    waitpid(child, &status, 0);
    sum += WEXITSTATUS(status);
  }
  return sum;
}

// A function of a library that is loaded, unloaded, and loaded again.
static int64_t library(const char* path) {
  int64_t sum = 0;
  for (int round = 0; round < 3; ++round) {
    void* handle = dlopen(path, RTLD_NOW);
    if (handle == NULL) return -1;
    int64_t (*late)(int64_t) = (int64_t(*)(int64_t))dlsym(handle, "late_work");
    for (int64_t i = 0; i < 10; ++i) sum += late(i);
    dlclose(handle);
  }
  return sum;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  int64_t sum = 0;
  if (strcmp(argv[1], "work") == 0) sum = sum_of_work(300);
  if (strcmp(argv[1], "late") == 0) {
    sum = sum_of_work(300);
    start();
    sum += sum_of_work(300);
  }
  if (strcmp(argv[1], "threads") == 0) sum = in_threads(8);
  if (strcmp(argv[1], "recurse") == 0) sum = recurse(100);
  if (strcmp(argv[1], "jumps") == 0) sum = jumps();
  if (strcmp(argv[1], "turns") == 0) sum = by_turns();
  if (strcmp(argv[1], "children") == 0) sum = by_children();
  if (strcmp(argv[1], "seven") == 0) sum = seven(1, 2, 3, 4, 5, 6, 7);
  if (strcmp(argv[1], "library") == 0 && argc > 2) sum = library(argv[2]);
  printf("program: %ld\n", (long)sum);
  return 0;
}
