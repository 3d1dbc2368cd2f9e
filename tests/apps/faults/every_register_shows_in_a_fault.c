// A load faults with a known value in every register, flag and vector register: the handler sees them all.
#include "fault.h"
static int round_number;
static void report(int number, siginfo_t* info, void* context) {
  fault_show(number, info, context);
  fault_show_registers(context);
  ucontext_t* u = context;
  for (int i = 0; i < 16; i += 5)
    printf(" xmm%d %08x%08x%08x%08x", i, u->uc_mcontext.fpregs->_xmm[i].element[3],
           u->uc_mcontext.fpregs->_xmm[i].element[2], u->uc_mcontext.fpregs->_xmm[i].element[1],
           u->uc_mcontext.fpregs->_xmm[i].element[0]);
  printf(" mxcsr %x cwd %x cs %llx\n", u->uc_mcontext.fpregs->mxcsr, u->uc_mcontext.fpregs->cwd,
         app_registers(context)[REG_CSGSFS] & 0xffff);
  app_registers(context)[REG_RIP] = (greg_t)fault_next;
}
int main(void) {
  handle(SIGSEGV, report, 0);
  for (round_number = 0; round_number < 3; ++round_number) {
    __asm__ volatile(
        "sub $512, %%rsp; push %%rbp; mov $0x1111, %%eax; movq %%rax, %%xmm5; mov $0x5151515151, "
        "%%rax; movq %%rax, %%xmm15; pcmpeqd %%xmm10, %%xmm10; pxor %%xmm0, %%xmm0;"
        "mov $0x0101, %%ebx; mov $0x0202020202020202, %%rcx; mov $0x0303, %%edx; mov $0x0404, "
        "%%esi; mov $0x0505, %%edi; mov $0x0606, %%ebp; mov $8, %%r8d; mov $9, %%r9d;"
        "mov $10, %%r10d; mov $11, %%r11d; mov $12, %%r12d; mov $13, %%r13d; mov $14, %%r14d; mov "
        "$15, %%r15d; mov $0x7f, %%eax; add $1, %%al; stc; mov $0, %%eax;"
        ".globl fault_at, fault_next\nfault_at: mov 0x10(%%rax), %%rdx\nfault_next: pop %%rbp; add "
        "$512, %%rsp" ::
            : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
              "r14", "r15", "xmm0", "xmm5", "xmm10", "xmm15", "memory", "cc");
  }
  return app_status();
}
