// Destructors of thread-local objects and keys run at the end of each thread, also when it is
// cancelled.
#include <pthread.h>

#include "app.h"
struct Local {
  int id;
  ~Local() { printf("local %d\n", id); }
};
static thread_local Local local;
static pthread_key_t key;
static void destroy(void* value) {
  printf("key %ld\n", (long)value);
  if ((long)value < 3) pthread_setspecific(key, (void*)((long)value + 1));
}
static void cleanup(void* arg) { printf("cleanup %ld\n", (long)arg); }
static void* work(void* arg) {
  local.id = (int)(long)arg;
  pthread_setspecific(key, (void*)1);
  pthread_cleanup_push(cleanup, arg);
  if ((long)arg == 2)
    for (;;) pause();
  if ((long)arg == 3) pthread_exit(NULL);
  pthread_cleanup_pop(1);
  return NULL;
}
int main() {
  pthread_key_create(&key, destroy);
  for (long i = 1; i <= 3; ++i) {
    pthread_t thread;
    void* result;
    pthread_create(&thread, NULL, work, (void*)i);
    if (i == 2) rest_ms(20), pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("thread %ld %s\n", i, result == PTHREAD_CANCELED ? "cancelled" : "returned");
  }
  return app_status();
}
