// exits: 33
// exit_group from a thread ends all the others at once: computing, blocked in the kernel, waiting for a lock.
#include <pthread.h>

#include "app.h"
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void* computes(void* a) {
  for (volatile long i = 0;; ++i) {
  }
}
static void* blocks(void* a) {
  for (;;) pause();
}
static void* waits(void* a) {
  pthread_mutex_lock(&lock);
  return NULL;
}
static void* ends(void* a) {
  rest_ms(20);
  exit(33);
}
int main(void) {
  pthread_t t;
  pthread_mutex_lock(&lock);
  pthread_create(&t, NULL, computes, NULL), pthread_create(&t, NULL, blocks, NULL),
      pthread_create(&t, NULL, waits, NULL), pthread_create(&t, NULL, ends, NULL);
  pthread_join(t, NULL);
  return 1;
}
