// flags: -O1 -g
// Threads call functions until a file of that name is there: probes come and go meanwhile.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define PROBED __attribute__((noipa))

enum { kThreads = 4 };

static atomic_int stops;

PROBED long first(long n) { return n + 1; }
PROBED long second(long n) { return n + 2; }
PROBED long third(long n) { return n + 3; }

static void* work(void* argument) {
  long sum = 0;
  while (!stops) sum = third(second(first(sum & 7)));
  return (void*)sum;
}

int main(int argc, char** argv) {
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) pthread_create(&threads[i], 0, work, 0);
  while (argc > 1 && access(argv[1], F_OK) != 0) usleep(5000);
  stops = 1;
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], 0);
  puts("done");
  return 0;
}
