// The x87 stack, control words and MXCSR live through branches, misses and system calls.
// flags: -lm
#include <fenv.h>
#include <math.h>

#include "app.h"
int main(void) {
  unsigned short control = 0, status = 0, set = 0x0f7f;
  unsigned mxcsr = 0, wanted = 0x7f80;  // round to zero, flush to zero off, all masked
  double values[8];
  __asm__ volatile("fninit; fldcw %0; ldmxcsr %1" ::"m"(set), "m"(wanted));
  __asm__ volatile("fld1; fldpi; fldl2e; fldl2t; fldlg2; fldln2; fldz; fld1" ::: "memory");
  for (int i = 0; i < 100; ++i) {
    __asm__ volatile("syscall" ::"a"(39) : "rcx", "r11", "memory");
    __asm__ volatile("lea 1f(%%rip), %%rax; jmp *%%rax; 1:" ::: "rax", "memory");
  }
  __asm__ volatile("fnstcw %0; fnstsw %1; stmxcsr %2" : "=m"(control), "=m"(status), "=m"(mxcsr));
  for (int i = 0; i < 8; ++i) __asm__ volatile("fstpl %0" : "=m"(values[i]));
  __asm__ volatile("fninit");
  unsigned normal = 0x1f80;
  __asm__ volatile("ldmxcsr %0" ::"m"(normal));
  printf("%04x %04x %08x\n", control, status, mxcsr);
  for (int i = 0; i < 8; ++i) printf("%.17g\n", values[i]);
  static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  for (int i = 0; i < 4; ++i) {
    fesetround(modes[i]);
    volatile double third = 1.0, ten = 10.0;
    printf("%a %a %Lg\n", third / 3.0, rint(ten / 4.0), (long double)third / 3);
  }
  fesetround(FE_TONEAREST);
  feclearexcept(FE_ALL_EXCEPT);
  volatile double zero = 0.0, inf = 1.0 / zero;
  printf("%d %g\n", fetestexcept(FE_ALL_EXCEPT), inf);
  return app_status();
}
