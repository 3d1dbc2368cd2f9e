// Each child of vfork makes the next one: a chain of suspended parents in one memory, in the first
// thread and in another.
#include <pthread.h>

#include "app.h"
static volatile int made;
static __attribute__((noinline)) void chain(int left) {
  pid_t child = vfork();
  if (child == 0) {
    ++made;
    if (left > 1) chain(left - 1);
    _exit(left & 63);
  }
  int status = 0;
  REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
  REQUIRE(WEXITSTATUS(status) == (left & 63));
}
static void* in_thread(void* unused) {
  chain(60);
  return NULL;
}
int main(void) {
  chain(1500);
  printf("%d\n", made);
  pthread_t thread;
  pthread_create(&thread, NULL, in_thread, NULL);
  pthread_join(thread, NULL);
  printf("%d\n", made);
  return app_status();
}
