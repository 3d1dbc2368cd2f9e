// Where a program has had cpuid forbidden, it faults; before and after it does not.
#include <asm/prctl.h>
#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>

#include "app.h"
static sigjmp_buf back;
static siginfo_t got;
static void caught(int number, siginfo_t* info, void* context) {
  got = *info;
  siglongjmp(back, number);
}
static void try(const char* when) {
  unsigned a = 0, b, c, d;
  int signal = sigsetjmp(back, 1);
  if (signal == 0) __cpuid_count(0, 0, a, b, c, d);
  printf("%s: signal %d, code %#x, address %p, highest leaf %x\n", when, signal, signal ? got.si_code : 0,
         signal ? got.si_addr : 0, a);
}
int main(void) {
  struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, 0);
  printf("allowed %ld\n", syscall(SYS_arch_prctl, ARCH_GET_CPUID, 0));
  try("before");
  long done = syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0);
  printf("forbidden %ld\n", done);
  try("then");
  syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1);
  try("afterwards");
  return app_status();
}
