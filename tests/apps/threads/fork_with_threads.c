// fork from one of several threads: the child has one thread, atfork handlers run, both go on; 50 times.
#include <pthread.h>

#include "app.h"
static volatile int stop, prepared, parents, children;
static void before(void) { ++prepared; }
static void in_parent(void) { ++parents; }
static void in_the_child(void) { ++children; }
static void* busy(void* a) {
  long n = 0;
  while (!stop) {
    free(malloc(100 + n % 1000)), ++n;
  }
  return (void*)n;
}
static void* forks(void* a) {
  for (int i = 0; i < 50; ++i) {
    pid_t child = fork();
    if (child == 0) {
      char line[256];
      int threads = 0;
      FILE* status = fopen("/proc/self/status", "r");
      while (fgets(line, sizeof line, status)) sscanf(line, "Threads: %d", &threads);
      free(malloc(1000));
      _exit(threads * 10 + children);
    }
    int status = wait_for(child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 11);
  }
  return NULL;
}
int main(void) {
  pthread_atfork(before, in_parent, in_the_child);
  pthread_t threads[3], forker;
  for (int i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, busy, NULL);
  pthread_create(&forker, NULL, forks, NULL);
  pthread_join(forker, NULL);
  stop = 1;
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  printf("%d %d %d\n", prepared, parents, children);
  return app_status();
}
