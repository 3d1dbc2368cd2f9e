// flags: -O1 -g
// Passes numbers of all sizes to functions, from several threads: weft trace puts them together.
#include <pthread.h>
#include <stdint.h>

#define PROBED __attribute__((noipa))

enum { kThreads = 4, kRounds = 5000 };

PROBED long wide(long n) { return n + 1; }
PROBED int narrow(int n, unsigned char c) { return n + c; }

static void* work(void* argument) {
  uint64_t state = (uint64_t)(intptr_t)argument;
  for (int i = 0; i < kRounds; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const int64_t n = (int64_t)state >> (state >> 58);
    wide(n);
    narrow((int)n, (unsigned char)(n >> 3));
  }
  return argument;
}

int main(void) {
  static const long edges[] = {0, 1, -1, 2, -2, INT64_MAX, INT64_MIN, INT32_MAX, INT32_MIN, 255, 256};
  for (unsigned i = 0; i < sizeof edges / sizeof *edges; ++i) wide(edges[i]), narrow((int)edges[i], (unsigned char)edges[i]);
  pthread_t threads[kThreads];
  for (long i = 0; i < kThreads; ++i) pthread_create(&threads[i], 0, work, (void*)(i + 1));
  for (long i = 0; i < kThreads; ++i) pthread_join(threads[i], 0);
  return 0;
}
