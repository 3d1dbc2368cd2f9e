// Allocates what it can be held to. The arguments: how many threads, and a mistake to make.
// flags: -O1 -g -fno-builtin
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kBlocks = 100, kMost = 16 };
static pthread_barrier_t all;
static void* passed_on[kMost];
static jmp_buf landing;

// 1000 blocks of 16 bytes, one at a time.
__attribute__((noinline)) static void churn(void) {
  for (int i = 0; i < 1000; ++i) free(malloc(16));
}

// 2 blocks, 10100 bytes, of which 10000 at once.
__attribute__((noinline)) static void grow(void) {
  char* block = realloc(NULL, 100);
  block = realloc(block, 10000);
  free(block);
}

// 100 blocks of 1000 bytes at once.
__attribute__((noinline)) static void hold(char** blocks) {
  for (int i = 0; i < kBlocks; ++i) blocks[i] = malloc(1000);
}

static void* run(void* number) {
  char* blocks[kBlocks];
  churn();
  grow();
  pthread_barrier_wait(&all);
  hold(blocks);
  pthread_barrier_wait(&all);
  // 10 are kept, one is freed by another thread.
  for (int i = 0; i < 89; ++i) free(blocks[i]);
  passed_on[(long)number] = blocks[89];
  return NULL;
}

// 4 blocks: 300, 500, 640 and 77 bytes; and three that are too large.
__attribute__((noinline)) static void others(void) {
  void* block = NULL;
  void* small = calloc(10, 30);
  if (posix_memalign(&block, 64, 500) != 0) abort();
  free(block);
  free(aligned_alloc(64, 640));
  free(reallocarray(NULL, 7, 11));
  volatile size_t too_much = (size_t)1 << 62;
  if (malloc(too_much) != NULL || calloc(too_much, 8) != NULL) abort();
  if (realloc(small, too_much) != NULL) abort();
  free(small);
}

__attribute__((noinline)) static void handle(int number) {
  (void)number;
  free(malloc(5));
}

__attribute__((noinline)) static void leap(void) {
  free(malloc(6));
  longjmp(landing, 1);
}

__attribute__((noinline)) static void in_child(void* inherited) {
  free(inherited);
  if (malloc(33) == NULL) abort();
}

__attribute__((noinline)) static void mistake(const char* which) {
  char* block = malloc(24);
  if (strcmp(which, "twice") == 0) free(block);
  free(strcmp(which, "twice") == 0 ? block : block + 8);
}

int main(int count, char** arguments) {
  const long threads = count > 1 ? atol(arguments[1]) : 1;
  if (count > 2) mistake(arguments[2]);
  pthread_t others_of_us[kMost];
  pthread_barrier_init(&all, NULL, (unsigned)threads);
  for (long i = 1; i < threads; ++i) pthread_create(&others_of_us[i], NULL, run, (void*)i);
  run((void*)0);
  for (long i = 1; i < threads; ++i) pthread_join(others_of_us[i], NULL);
  for (long i = 0; i < threads; ++i) free(passed_on[i]);
  others();
  signal(SIGUSR1, handle);
  raise(SIGUSR1);
  if (setjmp(landing) == 0) leap();
  void* inherited = malloc(50);
  const pid_t child = fork();
  if (child == 0) {
    in_child(inherited);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  free(inherited);
  char text[16];
  const int length = snprintf(text, sizeof text, "%d\n", (int)child);
  return write(1, text, (size_t)length) == length ? 0 : 1;
}
