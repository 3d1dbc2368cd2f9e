// System calls with bad pointers return EFAULT: nothing is raised.
#include <sys/stat.h>
#include <sys/uio.h>

#include "app.h"
int main(void) {
  char* none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int pipes[2];
  REQUIRE(pipe(pipes) == 0);
#define BAD(call) printf(#call " %ld %d\n", (long)(call), errno)
  BAD(write(pipes[1], none, 10));
  EXPECT(write(pipes[1], "abc", 3) == 3);
  BAD(read(pipes[0], none, 10));
  BAD(open(none, O_RDONLY));
  BAD(open((char*)8, O_RDONLY));
  BAD(stat(none, (void*)none));
  BAD(syscall(SYS_rt_sigaction, SIGUSR1, none, NULL, 8));
  BAD(syscall(SYS_rt_sigaction, SIGUSR1, NULL, none, 8));
  BAD(syscall(SYS_rt_sigprocmask, SIG_BLOCK, none, NULL, 8));
  BAD(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, none, 8));
  BAD(syscall(SYS_sigaltstack, none, NULL));
  BAD(syscall(SYS_nanosleep, none, NULL));
  BAD(syscall(SYS_execve, none, NULL, NULL));
  BAD(syscall(SYS_execve, "/bin/true", (void*)8, NULL));
  BAD(syscall(SYS_readlink, "/proc/self/exe", none, 100));
  BAD(syscall(SYS_clone3, none, 64));
  BAD(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, none));
  BAD(syscall(SYS_arch_prctl, 0x1003, none));
  BAD(syscall(SYS_wait4, -1, none, 0, NULL));
  BAD(syscall(SYS_getcwd, none, 100));
  BAD(syscall(SYS_uname, none));
  BAD(syscall(SYS_prctl, 15, none, 0, 0, 0));
  BAD(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, none));
  BAD(syscall(SYS_rt_sigpending, none, 8));
  BAD(syscall(SYS_futex, none, 0, 0, NULL, NULL, 0));
  BAD(syscall(SYS_futex, 3, 0, 0, NULL, NULL, 0));
  BAD(syscall(9999));
  BAD(syscall(-1));
  BAD(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4));
  BAD(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8));
  return app_status();
}
