// exits: SIGSEGV
// A fault in one thread kills the process with its signal, while the others compute and sleep.
#include <pthread.h>

#include "app.h"
static void* computes(void* a) {
  for (volatile long i = 0;; ++i) {
  }
}
static void* blocks(void* a) {
  for (;;) pause();
}
static void* faults(void* a) {
  rest_ms(20);
  *(volatile int*)8 = 1;
  return NULL;
}
int main(void) {
  pthread_t t;
  pthread_create(&t, NULL, computes, NULL), pthread_create(&t, NULL, blocks, NULL),
      pthread_create(&t, NULL, faults, NULL);
  pthread_join(t, NULL);
  return 1;
}
