// clone with own stacks: CLONE_VM with SIGCHLD, CLONE_VFORK, CLONE_FILES, parent and child tid, clone3.
#include <linux/sched.h>
#include <sched.h>

#include "app.h"
static char stack[65536] __attribute__((aligned(16)));
static volatile int shared;
static int body(void* arg) {
  shared += (int)(long)arg;
  return 42;
}
static int close_it(void* arg) { return close((int)(long)arg); }
int main(void) {
  int parent_tid = 0, child_tid = 0;
  pid_t child = clone(body, stack + sizeof stack, CLONE_VM | SIGCHLD, (void*)5);
  say_status("CLONE_VM", wait_for(child));
  printf("%d\n", shared);
  child = clone(body, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, (void*)6);
  printf("%d\n", shared);
  say_status("CLONE_VFORK", wait_for(child));
  child = clone(body, stack + sizeof stack, SIGCHLD | CLONE_PARENT_SETTID, (void*)7, &parent_tid);
  say_status("fork-like", wait_for(child));
  printf("%d %d\n", shared, parent_tid == child);
  int fd = dup(1);
  child = clone(close_it, stack + sizeof stack, CLONE_FILES | SIGCHLD, (void*)(long)fd);
  say_status("CLONE_FILES", wait_for(child));
  EXPECT(close(fd) == -1 && errno == EBADF);
  child = clone(body, stack + sizeof stack,
                CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_CHILD_CLEARTID |
                    CLONE_CHILD_SETTID | SIGCHLD,
                (void*)8, NULL, NULL, &child_tid);
  say_status("CLONE_SIGHAND", wait_for(child));
  printf("%d %d\n", shared, child_tid);
  child = clone(body, stack + sizeof stack, CLONE_VM, (void*)9);
  int status;
  EXPECT(waitpid(child, &status, __WCLONE) == child);
  say_status("no signal", status);
  struct clone_args arguments = {.exit_signal = SIGCHLD,
                                 .flags = CLONE_PARENT_SETTID,
                                 .parent_tid = (unsigned long)&parent_tid};
  child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) _exit(17);
  say_status("clone3", wait_for(child));
  EXPECT(parent_tid == child);
  EXPECT(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0) == -1 && errno == EINVAL);
  EXPECT(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0) == -1 && errno == EINVAL);
  EXPECT(syscall(SYS_clone3, &arguments, 8) == -1 && errno == EINVAL);
  return app_status();
}
