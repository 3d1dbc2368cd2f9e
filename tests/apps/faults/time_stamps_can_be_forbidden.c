// PR_SET_TSC: reading the time stamp counter faults, in the program's own code and in the vdso's; all else goes on,
// code that has not run before as well.
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <x86intrin.h>

#include "app.h"

static sigjmp_buf back;
static void on_fault(int number, siginfo_t* info, void* context) {
  (void)context;
  printf("signal %d, code %d, address %p\n", number, info->si_code, info->si_addr);
  siglongjmp(back, 1);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  EXPECT(sigaction(SIGSEGV, &action, NULL) == 0);
  EXPECT(prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0);
  if (sigsetjmp(back, 1) == 0) printf("read %d\n", __rdtsc() != 0);
  int mode = 0;
  EXPECT(prctl(PR_GET_TSC, &mode) == 0 && mode == PR_TSC_SIGSEGV);
  char text[64];
  for (int i = 0; i < 100; ++i) snprintf(text, sizeof text, "%d %g %x", i, i / 3.0, i);
  puts(text);
  qsort(text, 5, 1, (int (*)(const void*, const void*))strcmp);
  EXPECT(prctl(PR_SET_TSC, PR_TSC_ENABLE) == 0);
  printf("read %d\n", __rdtsc() != 0);
  return app_status();
}
