// The main thread ends with pthread_exit; the others go on, and the process ends with the last of them: status 0.
#include <pthread.h>

#include "app.h"
static pthread_t threads[4];  // the first is main
static void* work(void* arg) {
  long number = (long)arg;
  EXPECT(pthread_join(threads[number - 1], NULL) == 0);
  printf("thread %ld\n", number);
  return NULL;
}
int main(void) {
  threads[0] = pthread_self();
  // Each waits for the one before, which is known by then.
  for (long i = 1; i <= 3; ++i) pthread_create(&threads[i], NULL, work, (void*)i);
  puts("main leaves");
  pthread_exit(NULL);
}
