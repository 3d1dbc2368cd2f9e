// 10,000 threads created and joined, eight at a time; memory of the process stays bounded.
#include <pthread.h>

#include "app.h"
static void* work(void* arg) { return (void*)((long)arg + 1); }
static long resident(void) {
  long size, pages;
  FILE* f = fopen("/proc/self/statm", "r");
  fscanf(f, "%ld %ld", &size, &pages);
  fclose(f);
  return pages * 4;
}
int main(void) {
  long sum = 0, after_first = 0;
  for (int i = 0; i < 10000; i += 8) {
    pthread_t threads[8];
    for (long k = 0; k < 8; ++k)
      REQUIRE(pthread_create(&threads[k], NULL, work, (void*)(i + k)) == 0);
    for (int k = 0; k < 8; ++k) {
      void* result;
      pthread_join(threads[k], &result);
      sum += (long)result;
    }
    if (i == 2000) after_first = resident();
  }
  printf("%ld grows %d\n", sum, resident() > after_first + 20000);
  return app_status();
}
