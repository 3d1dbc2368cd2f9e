// flags: -O1
// Reads an input and aborts where it begins with "WE". Arguments: threads, signals, forks change how it gets there.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char bytes[64];
static volatile int signals;

__attribute__((noinline)) int look_at_input(int answer) {
  memset(bytes, 0, sizeof bytes);
  if (read(0, bytes, sizeof bytes - 1) < 1) return answer;
  if (bytes[0] == 'W') {
    puts("first");
    if (bytes[1] == 'E') abort();
  }
  return answer;
}

static void* work(void* argument) {
  for (volatile int i = 0; i < 1000; ++i) {
  }
  return argument;
}

static void count(int signal) { ++signals; }

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "threads") == 0) {
    pthread_t threads[2];
    for (int i = 0; i < 2; ++i) pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
  }
  if (argc > 1 && strcmp(argv[1], "signals") == 0) {
    signal(SIGUSR1, count);
    for (int i = 0; i < 3; ++i) raise(SIGUSR1);
  }
  if (argc > 1 && strcmp(argv[1], "forks") == 0) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
  }
  return look_at_input(7) == 7 ? 0 : 1;
}
