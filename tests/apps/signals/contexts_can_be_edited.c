// A handler of an asynchronous signal changes rip, registers, vector registers and the mask; all takes effect.
#include "sig.h"
extern char spinning[], landing[];
static void wait_ms(long milliseconds) {
  struct itimerval t = {{0, 0}, {0, milliseconds * 1000}};
  setitimer(ITIMER_REAL, &t, NULL);
}
static void edit(int number, siginfo_t* info, void* context) {
  ucontext_t* u = context;
  greg_t* r = app_registers(context);
  // On a busy machine the time may be over before the loop is reached.
  if (r[REG_RIP] < (greg_t)spinning || r[REG_RIP] >= (greg_t)landing) {
    wait_ms(1);
    return;
  }
  r[REG_RIP] = (greg_t)landing;
  r[REG_RAX] = 0x1234, r[REG_R15] = 0x5678, r[REG_RCX] = 0x9abc;
  r[REG_EFL] |= 0x441;
  u->uc_mcontext.fpregs->_xmm[4].element[0] = 0xfeed;
  u->uc_mcontext.fpregs->mxcsr = 0x3f80;
  sigaddset(&u->uc_sigmask, SIGHUP);
}
int main(void) {
  handle(SIGALRM, edit, 0);
  for (int i = 0; i < 10; ++i) {
    wait_ms(10);
    unsigned long rax, r15, rcx, xmm, flags;
    unsigned mxcsr, normal = 0x1f80;
    __asm__ volatile(
        "sub $256, %%rsp\n.globl spinning\nspinning: add $1, %%rax; jmp spinning\n.globl landing\nlanding: pushfq; cld; pop %4; "
        "movq %%xmm4, %3; mov %%r15, %1; stmxcsr -8(%%rsp); mov -8(%%rsp), %5; add $256, %%rsp"
        : "=a"(rax), "=&b"(r15), "=c"(rcx), "=&d"(xmm), "=&S"(flags), "=&D"(mxcsr)::"r15", "xmm4",
          "memory", "cc");
    __asm__ volatile("ldmxcsr %0" ::"m"(normal));
    printf("%lx %lx %lx %lx %lx %x hup %d\n", rax, r15, rcx, xmm & 0xffffffff, flags & 0x441, mxcsr,
           sig_blocked(SIGHUP));
    sig_block(SIG_UNBLOCK, SIGHUP);
  }
  return app_status();
}
