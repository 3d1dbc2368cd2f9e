// 1000 threads wait at one barrier, each with its own thread-local value.
#include <pthread.h>

#include "app.h"
static pthread_barrier_t barrier;
static __thread long mine;
static void* work(void* arg) {
  mine = (long)arg;
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  return (void*)mine;
}
int main(void) {
  static pthread_t threads[1000];
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 65536);
  pthread_barrier_init(&barrier, NULL, 1001);
  for (long i = 0; i < 1000; ++i)
    REQUIRE(pthread_create(&threads[i], &attributes, work, (void*)i) == 0);
  pthread_barrier_wait(&barrier);
  char line[256];
  FILE* status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status))
    if (strncmp(line, "Threads", 7) == 0) fputs(line, stdout);
  pthread_barrier_wait(&barrier);
  long sum = 0;
  for (int i = 0; i < 1000; ++i) {
    void* result;
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  printf("%ld\n", sum);
  return app_status();
}
