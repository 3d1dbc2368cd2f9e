// membarrier commands that need a registration fail without one, and each has its own.
#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void call(int command, int flags) {
  errno = 0;
  const long result = syscall(SYS_membarrier, command, flags, 0);
  printf("%#x, %d: %ld, errno %d\n", command, flags, result, errno);
  fflush(stdout);
}

static void all(void) {
  call(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0);
  call(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0);
  call(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0);
  call(1 << 9, 0);  // MEMBARRIER_CMD_GET_REGISTRATIONS
}

int main(void) {
  all();
  call(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 1);
  call(1 << 20, 0);
  call(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0);
  all();
  call(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0);
  all();
  if (fork() == 0) {
    all();
    _exit(0);
  }
  wait(NULL);
  return 0;
}
