// Calls probe() while the process is young, and when it no longer is, for soon.cc: usage: young WHEN.
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kFewCalls = 20, kManyCalls = 2000, kOld = 300 };

static volatile long g_sum;

__attribute__((noinline, used)) void probe(long value) { g_sum += value; }

static void call_probe(int count) {
  for (int i = 0; i < count; ++i) probe(i);
}

static void grow_old(void) {
  const clock_t end = clock() + (clock_t)kOld * (CLOCKS_PER_SEC / 1000);
  while (clock() < end) probe(1);
}

static void* nothing(void* argument) { return argument; }

static int in_child(void) {
  const pid_t child = fork();
  if (child == 0) {
    call_probe(kFewCalls);
    _exit(0);
  }
  return waitpid(child, NULL, 0) == child ? 0 : 1;
}

int main(int argc, char** argv) {
  const char* when = argc > 1 ? argv[1] : "";
  if (strcmp(when, "young") == 0) {
    call_probe(kFewCalls);
    return 0;
  }
  if (strcmp(when, "threads") == 0) {
    pthread_t thread;
    call_probe(kFewCalls);
    if (pthread_create(&thread, NULL, nothing, NULL) != 0) return 1;
    pthread_join(thread, NULL);
    call_probe(kManyCalls);
    return 0;
  }
  if (strcmp(when, "young-child") == 0) return in_child();
  grow_old();
  if (strcmp(when, "old-child") == 0) return in_child();
  if (strcmp(when, "old") == 0) {
    call_probe(kManyCalls);
    return 0;
  }
  fputs("usage: young young|old|threads|young-child|old-child\n", stderr);
  return 2;
}
