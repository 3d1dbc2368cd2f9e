// Forks a child that ends at once, as often as it goes, from a process of 1 MB. "forks WORK vfork" and
// "forks WORK spawn" make the child otherwise; spawn starts /bin/true.
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kMemory = 1 << 20, kForksPerUnit = 20 };

extern char** environ;

static pid_t fork_and_end(void) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  return child;
}

static pid_t vfork_and_end(void) {
  const pid_t child = vfork();
  if (child == 0) _exit(0);
  return child;
}

static pid_t spawn_true(void) {
  static char name[] = "true";
  char* const arguments[] = {name, NULL};
  pid_t child = -1;
  return posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ) == 0 ? child : -1;
}

int main(int argc, char** argv) {
  const long forks = (argc > 1 ? atol(argv[1]) : 20) * kForksPerUnit;
  const char* how = argc > 2 ? argv[2] : "fork";
  char* memory = malloc(kMemory);
  if (memory == NULL) return 1;
  memset(memory, 1, kMemory);
  long ended = 0;
  for (long i = 0; i < forks; i++) {
    const pid_t child = how[0] == 'f' ? fork_and_end() : how[0] == 'v' ? vfork_and_end() : spawn_true();
    int status = -1;
    ended += child > 0 && waitpid(child, &status, 0) == child && status == 0;
  }
  printf("%ld %d\n", ended, memory[forks % kMemory]);
  free(memory);
  return 0;
}
