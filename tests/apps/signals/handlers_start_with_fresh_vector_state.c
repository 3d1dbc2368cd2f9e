// A handler starts with the x87 stack empty, MXCSR at its default and the direction flag clear; all comes back after it.
#include "sig.h"
static void look(int number, siginfo_t* info, void* context) {
  unsigned mxcsr = 0, tag[7];
  unsigned short control;
  unsigned long flags;
  __asm__ volatile("stmxcsr %0; fnstcw %1; pushfq; pop %2; fnstenv %3"
                   : "=m"(mxcsr), "=m"(control), "=r"(flags), "=m"(tag)::"memory");
  printf("mxcsr %x control %x tags %x df %lu; interrupted: mxcsr %x control %x\n", mxcsr, control,
         tag[2] & 0xffff, flags >> 10 & 1, ((ucontext_t*)context)->uc_mcontext.fpregs->mxcsr,
         ((ucontext_t*)context)->uc_mcontext.fpregs->cwd);
}
int main(void) {
  handle(SIGUSR1, look, 0);
  unsigned mxcsr = 0x7f80, after = 0;
  unsigned short control = 0x0f7f, control_after = 0;
  double top = 0;
  for (int i = 0; i < 3; ++i) {
    __asm__ volatile("fninit; fldcw %2; ldmxcsr %3; fldpi; fld1; fld1"
                     : "=m"(after), "=m"(top)
                     : "m"(control), "m"(mxcsr));
    raise(SIGUSR1);
    __asm__ volatile("stmxcsr %0; fnstcw %1; fstp %%st(0); fstp %%st(0); fstpl %2"
                     : "=m"(after), "=m"(control_after), "=m"(top));
    unsigned normal = 0x1f80;
    __asm__ volatile("fninit; ldmxcsr %0" ::"m"(normal));
    printf("%x %x %.15g\n", after, control_after, top);
  }
  return app_status();
}
