// PR_TSC_SIGSEGV: the program's rdtsc and rdtscp fault; the runtime goes on reading clocks.
#include <setjmp.h>
#include <sys/prctl.h>

#include "app.h"
static sigjmp_buf back;
static void note(int number, siginfo_t* info, void* context) {
  printf("signal %d code %d address %p\n", number, info->si_code, info->si_addr);
  siglongjmp(back, 1);
}
int main(void) {
  handle(SIGSEGV, note, 0);
  EXPECT(prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0);
  for (volatile int i = 0; i < 3; ++i) {
    if (sigsetjmp(back, 1) == 0) asm volatile("rdtsc" ::: "eax", "edx");
    if (sigsetjmp(back, 1) == 0) asm volatile("rdtscp" ::: "eax", "edx", "ecx");
  }
  int mode = 0;
  EXPECT(prctl(PR_GET_TSC, &mode) == 0 && mode == PR_TSC_SIGSEGV);
  EXPECT(prctl(PR_SET_TSC, PR_TSC_ENABLE) == 0);
  asm volatile("rdtsc" ::: "eax", "edx");
  puts("allowed again");
  return app_status();
}
