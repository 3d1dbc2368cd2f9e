// exits: 21
// execve from another thread: all threads end, the new program has the process's id.
#include <pthread.h>

#include "app.h"
static char* program;
static void* computes(void* a) {
  for (volatile long i = 0;; ++i) {
  }
}
static void* runs(void* a) {
  rest_ms(10);
  char id[20];
  snprintf(id, sizeof id, "%d", getpid());
  execl("/proc/self/exe", program, id, NULL);
  return NULL;
}
int main(int argc, char** argv) {
  if (argc > 1) {
    char line[256];
    FILE* status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status))
      if (strncmp(line, "Threads", 7) == 0) fputs(line, stdout);
    printf("same id %d main thread %d\n", atoi(argv[1]) == getpid(), getpid() == gettid());
    return 21;
  }
  program = argv[0];
  pthread_t t;
  pthread_create(&t, NULL, computes, NULL), pthread_create(&t, NULL, computes, NULL),
      pthread_create(&t, NULL, runs, NULL);
  for (;;) pause();
}
