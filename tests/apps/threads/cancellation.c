// Threads cancelled while they block, while they compute (asynchronously), while cancellation is off, and before they start to block.
#include <pthread.h>

#include "app.h"
static int pipes[2];
static volatile int reached, asked;
static void* blocked(void* a) {
  char c;
  read(pipes[0], &c, 1);
  return NULL;
}
static void* sleeping(void* a) {
  sleep(100);
  return NULL;
}
static void* computing(void* a) {
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  reached = 1;
  for (volatile long i = 0;; ++i) {
  }
}
static void* testing(void* a) {
  for (;;) pthread_testcancel();
}
static void* disabled(void* a) {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  reached = 2;
  while (!asked) rest_ms(1);
  reached = 3;
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  pthread_testcancel();
  return NULL;
}
static void* condition(void* a) {
  static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
  static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
  pthread_mutex_lock(&m);
  pthread_cleanup_push((void (*)(void*))pthread_mutex_unlock, &m);
  for (;;) pthread_cond_wait(&c, &m);
  pthread_cleanup_pop(1);
}
int main(void) {
  REQUIRE(pipe(pipes) == 0);
  static void* (*const kBodies[])(void*) = {blocked, sleeping, computing,
                                            testing, disabled, condition};
  for (int round = 0; round < 5; ++round)
    for (int i = 0; i < 6; ++i) {
      pthread_t thread;
      void* result;
      reached = asked = 0;
      pthread_create(&thread, NULL, kBodies[i], NULL);
      if (round > 0) rest_ms(3);
      if (i == 2 || i == 4)
        while (reached == 0) rest_ms(1);
      EXPECT(pthread_cancel(thread) == 0);
      asked = 1;
      pthread_join(thread, &result);
      printf("%d %s %d\n", i, result == PTHREAD_CANCELED ? "cancelled" : "returned", reached);
    }
  return app_status();
}
