// vfork: the child runs in the parent's memory, the parent waits; a failed exec reports its error.
#include "app.h"
static volatile int shared;
int main(void) {
  for (int i = 0; i < 20; ++i) {
    volatile int local = 0, error = 0;
    pid_t child = vfork();
    if (child == 0) {
      shared += 10;
      local = 5;
      execl("/nonexistent/program", "program", NULL);
      error = errno;
      _exit(7);
    }
    EXPECT(child > 0 && local == 5 && error == ENOENT);
    EXPECT(WEXITSTATUS(wait_for(child)) == 7);
  }
  printf("%d\n", shared);
  pid_t child = vfork();
  if (child == 0) {
    execl("/bin/echo", "echo", "from the child", NULL);
    _exit(1);
  }
  say_status("echo", wait_for(child));
  return app_status();
}
