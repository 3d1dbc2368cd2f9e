// A program that a debugger starts shows the debugger its own system calls, from its first instruction to its end.
#include <sys/ptrace.h>
#include <sys/user.h>

#include "app.h"

static void trace(pid_t child) {
  int status = 0;
  EXPECT(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) == 0);
  for (;;) {
    if (ptrace(PTRACE_SYSCALL, child, 0, 0) != 0 || waitpid(child, &status, 0) != child) break;
    if (!WIFSTOPPED(status)) break;
    if (WSTOPSIG(status) != (SIGTRAP | 0x80)) continue;
    struct user_regs_struct registers;
    EXPECT(ptrace(PTRACE_GETREGS, child, 0, &registers) == 0);
    printf("%lld ", (long long)registers.orig_rax);
  }
  printf("\nends with %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

int main(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    execl("/bin/false", "false", NULL);
    _exit(99);
  }
  EXPECT(child > 0);
  // Signals that it has before it is the new program are its own business.
  int status = 0;
  EXPECT(waitpid(child, &status, 0) == child);
  while (WIFSTOPPED(status) && WSTOPSIG(status) != SIGTRAP) {
    int signal = WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status);
    EXPECT(ptrace(PTRACE_CONT, child, 0, signal) == 0 && waitpid(child, &status, 0) == child);
  }
  trace(child);
  return app_status();
}
