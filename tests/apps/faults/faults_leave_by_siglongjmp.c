// siglongjmp out of a fault handler, a thousand times, with and without restoring the mask.
#include "fault.h"
static void leave(int number, siginfo_t* info, void* context) { siglongjmp(fault_back, number); }
int main(void) {
  handle(SIGSEGV, leave, 0), handle(SIGFPE, leave, SA_NODEFER), handle(SIGILL, leave, SA_NODEFER);
  volatile int counts[32] = {0};
  for (volatile int i = 0; i < 1000; ++i) {
    int number = sigsetjmp(fault_back, i % 3 == 0);
    if (number == 0) {
      if (i % 3 == 0) *(volatile int*)(long)(i + 1) = 1;
      if (i % 3 == 1) __asm__ volatile("xor %%ecx, %%ecx; div %%ecx" ::: "rax", "rcx", "rdx", "cc");
      if (i % 3 == 2) __asm__ volatile("ud2");
    }
    ++counts[number];
  }
  printf("%d %d %d %d\n", counts[0], counts[SIGSEGV], counts[SIGFPE], counts[SIGILL]);
  return app_status();
}
