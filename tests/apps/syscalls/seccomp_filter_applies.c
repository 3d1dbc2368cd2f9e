// A filter that the program installs: refused calls return its error; a killing one kills.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "app.h"
static void install(unsigned number, unsigned action) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {4, code};
  REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  EXPECT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}
static void refused(void) {
  install(SYS_getppid, SECCOMP_RET_ERRNO | 77);
  long result = syscall(SYS_getppid);
  printf("getppid %ld %d mode %d\n", result, errno, prctl(PR_GET_SECCOMP));
}
static void killed(void) {
  install(SYS_getppid, SECCOMP_RET_KILL_PROCESS);
  syscall(SYS_getppid);
}
static void trapped(int number, siginfo_t* info, void* context) {
  printf("SIGSYS code %d syscall %d rax %llx\n", info->si_code, info->si_syscall,
         app_registers(context)[REG_RAX]);
  app_registers(context)[REG_RAX] = 4242;
}
static void trap(void) {
  handle(SIGSYS, trapped, 0);
  install(SYS_getppid, SECCOMP_RET_TRAP);
  printf("%ld\n", syscall(SYS_getppid));
}
int main(void) {
  in_child("errno", refused), in_child("kill", killed), in_child("trap", trap);
  return app_status();
}
