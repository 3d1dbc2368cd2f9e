// Waits for a child that does not end by itself.
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int status = 0;
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  if (waitpid(child, &status, 0) != child) return 1;
  printf("status %d\n", WEXITSTATUS(status));
  return 0;
}
