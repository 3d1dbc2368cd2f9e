// Threads that spin on memory until another thread writes it: no private loop keeps anyone from seeing it.
#include <pthread.h>
#include <sched.h>

#include "app.h"
static volatile int turn;
static void* work(void* arg) {
  long id = (long)arg;
  for (int i = 0; i < 300; ++i) {
    while (turn % 3 != id) sched_yield();
    ++turn;
  }
  return NULL;
}
int main(void) {
  pthread_t threads[3];
  for (long i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, work, (void*)i);
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  printf("%d\n", turn);
  return app_status();
}
