// What events.cc looks at: usage: eventful PART.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile sig_atomic_t g_handled = 0;

static void handle(int number) {
  (void)number;
  ++g_handled;
}

static void* nothing(void* argument) { return argument; }

static int system_calls(void) {
  const long parent = syscall(SYS_getppid);
  const long user = syscall(SYS_getuid);
  const int is_thread = syscall(SYS_sched_yield) == syscall(SYS_gettid);
  const long written = syscall(SYS_write, 77, "redirected\n", 11);
  printf("parent %ld user %ld thread %d written %ld\n", parent, user, is_thread, written);
  return 0;
}

static int signals(void) {
  signal(SIGUSR1, handle);
  signal(SIGUSR2, handle);
  for (int i = 0; i < 5; ++i) raise(SIGUSR1);
  raise(SIGUSR2);
  printf("handled %d\n", (int)g_handled);
  return 0;
}

static int threads(void) {
  for (int i = 0; i < 5; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL) != 0) return 1;
    pthread_join(thread, NULL);
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (strcmp(argv[1], "calls") == 0) return system_calls();
  if (strcmp(argv[1], "signals") == 0) return signals();
  if (strcmp(argv[1], "threads") == 0) return threads();
  if (strcmp(argv[1], "exec") == 0) {
    execl("/no/such/program", "none", (char*)NULL);
    execl(argv[0], argv[0], "end", (char*)NULL);
  }
  return strcmp(argv[1], "end") == 0 ? 0 : 3;
}
