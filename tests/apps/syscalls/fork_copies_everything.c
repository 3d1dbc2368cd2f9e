// fork: memory is copied, code runs in both, pids and parents are right, statuses come back, also 100 times and nested.
#include "app.h"
static int value = 1;
static int nest(int depth) {
  if (depth == 0) return 3;
  pid_t child = fork();
  if (child == 0) _exit(nest(depth - 1) + 1);
  return WEXITSTATUS(wait_for(child));
}
int main(void) {
  pid_t parent = getpid();
  for (int i = 0; i < 100; ++i) {
    pid_t child = fork();
    if (child == 0) {
      value += i;
      _exit(getppid() == parent && getpid() != parent && getpid() == syscall(SYS_gettid)
                ? value & 127
                : 255);
    }
    int status = wait_for(child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == ((1 + i) & 127));
  }
  printf("%d %d\n", value, nest(8));
  EXPECT(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
  pid_t children[20];
  for (int i = 0; i < 20; ++i)
    if ((children[i] = fork()) == 0) _exit(i);
  int sum = 0;
  for (int i = 0; i < 20; ++i) sum += WEXITSTATUS(wait_for(children[i]));
  printf("%d\n", sum);
  return app_status();
}
