// The main thread ends with pthread_exit; the others go on, and the process ends with the last of them: status 0.
#include <pthread.h>

#include "app.h"
static void* work(void* arg) {
  rest_ms(30 * (long)arg);
  printf("thread %ld\n", (long)arg);
  return NULL;
}
int main(void) {
  for (long i = 1; i <= 3; ++i) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, (void*)i);
  }
  puts("main leaves");
  pthread_exit(NULL);
}
