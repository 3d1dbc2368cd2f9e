// Processes that share this memory and run beside their parent: several at once, ended by exit, exit_group, a
// signal and exec, making children themselves; each again and again.
#include <sched.h>

#include "app.h"
static volatile int sum;
static char stacks[4][65536] __attribute__((aligned(16)));
static int adds(void* n) {
  __sync_fetch_and_add(&sum, (int)(long)n);
  syscall(SYS_exit, 3);
  return 0;
}
static int leaves(void* n) {
  __sync_fetch_and_add(&sum, (int)(long)n);
  syscall(SYS_exit_group, 4);
  return 0;
}
static int dies(void* n) {
  __sync_fetch_and_add(&sum, (int)(long)n);
  syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  return 0;
}
static int faults(void* n) {
  __sync_fetch_and_add(&sum, (int)(long)n);
  *(volatile int*)8 = 1;
  return 0;
}
static int executes(void* n) {
  __sync_fetch_and_add(&sum, (int)(long)n);
  char* const arguments[] = {"true", 0};
  syscall(SYS_execve, "/bin/true", arguments, 0);
  return 1;
}
static int begets(void* n) {
  __sync_fetch_and_add(&sum, (int)(long)n);
  pid_t child = vfork();
  if (child == 0) syscall(SYS_exit, 5);
  int status;
  syscall(SYS_wait4, child, &status, 0, 0);
  child = (pid_t)syscall(SYS_fork);
  if (child == 0) syscall(SYS_exit_group, 6);
  int second;
  syscall(SYS_wait4, child, &second, 0, 0);
  syscall(SYS_exit, WEXITSTATUS(status) + WEXITSTATUS(second));
  return 0;
}
int main(void) {
  int (*const bodies[])(void*) = {adds, leaves, dies, faults, executes, begets};
  static const char* const names[] = {"exit", "exit_group", "killed", "faults", "exec", "begets"};
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 6; ++i) {
      pid_t child = clone(bodies[i], stacks[0] + sizeof stacks[0], flags, (void*)(long)(i + 1));
      int status = -1;
      EXPECT(waitpid(child, &status, 0) == child);
      say_status(names[i], status);
    }
    pid_t all[4];
    for (int i = 0; i < 4; ++i) all[i] = clone(i == 3 ? dies : adds, stacks[i] + sizeof stacks[i], flags, (void*)100l);
    for (int i = 0; i < 4; ++i) {
      int status = -1;
      EXPECT(waitpid(all[i], &status, 0) == all[i]);
      say_status("together", status);
    }
  }
  printf("%d\n", sum);
  return app_status();
}
