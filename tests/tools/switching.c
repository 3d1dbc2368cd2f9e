// Threads (argument: how many) call `work` after telling the tool a value; new values appear from
// phase to phase, and each thread goes back to 0 and 1 in between. A second tool is told another
// value, so that each of its ten meets each of the first tool's.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/// Of switching_jumps.S or switching_branches.S: returns 7 n / 2 for an even n.
long work(long n);

enum { kPhases = 10, kTurns = 50, kLength = 200 };

static pthread_barrier_t g_phase;
static int g_wrong;

static void tell(long value, long other) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(0x7100L), "D"(value), "S"(other)
                   : "rcx", "r11", "memory");
}

static void run(long value, long turn) {
  tell(value, (value + turn) % 10);
  if (work(kLength) != 7 * kLength / 2)
    __atomic_fetch_add(&g_wrong, 1, __ATOMIC_RELAXED);
}

static void* body(void* unused) {
  (void)unused;
  for (int phase = 0; phase < kPhases; ++phase) {
    pthread_barrier_wait(&g_phase);
    for (int turn = 0; turn < kTurns; ++turn) {
      run(phase, turn);
      run(turn & 1, turn);
    }
  }
  return NULL;
}

int main(int argc, char** argv) {
  enum { kMost = 64 };
  pthread_t threads[kMost];
  const int count = argc > 1 ? atoi(argv[1]) : 1;
  if (count < 1 || count > kMost) return 2;
  pthread_barrier_init(&g_phase, NULL, (unsigned)count);
  for (int i = 0; i < count; ++i) pthread_create(&threads[i], NULL, body, NULL);
  for (int i = 0; i < count; ++i) pthread_join(threads[i], NULL);
  printf("wrong=%d\n", g_wrong);
  return g_wrong != 0;
}
