// jmp and call through each of the 15 registers that can hold the target, all other registers unchanged.
#include "app.h"

unsigned long regs[16];
__asm__(
    ".text\n"
    "landing: jmp *saved_back(%rip)\n"
    "called: ret\n"
    ".bss\nsaved_back: .quad 0\n.text\n");
#define FILL                                                                                      \
  "mov $0x1111, %%eax; mov $0x2222, %%ebx; mov $0x3333, %%ecx; mov $0x4444, %%edx; mov $0x5555, " \
  "%%esi; mov $0x6666, %%edi;"                                                                    \
  "mov $0x8888, %%r8d; mov $0x9999, %%r9d; mov $0xaaaa, %%r10d; mov $0xbbbb, %%r11d; mov "        \
  "$0xcccc, %%r12d; mov $0xdddd, %%r13d;"                                                         \
  "mov $0xeeee, %%r14d; mov $0xffff, %%r15d; mov $0x7777, %%ebp;"
#define KEEP                                                                                     \
  "mov %%rax, regs(%%rip); mov %%rbx, regs+8(%%rip); mov %%rcx, regs+16(%%rip); mov %%rdx, "     \
  "regs+24(%%rip); mov %%rsi, regs+32(%%rip);"                                                   \
  "mov %%rdi, regs+40(%%rip); mov %%r8, regs+48(%%rip); mov %%r9, regs+56(%%rip); mov %%r10, "   \
  "regs+64(%%rip); mov %%r11, regs+72(%%rip);"                                                   \
  "mov %%r12, regs+80(%%rip); mov %%r13, regs+88(%%rip); mov %%r14, regs+96(%%rip); mov %%r15, " \
  "regs+104(%%rip); mov %%rbp, regs+112(%%rip);"
#define CLOBBERS                                                                                  \
  "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", \
      "memory", "cc"
#define TRY(reg)                                                                                  \
  __attribute__((noinline, target("no-avx"))) static void try_##reg(void) {                       \
    __asm__ volatile("sub $256, %%rsp; push %%rbp; " FILL                                         \
                     "push %%rax; lea 1f(%%rip), %%rax; mov %%rax, saved_back(%%rip); pop %%rax;" \
                     "lea landing(%%rip), %%" #reg "; stc; jmp *%%" #reg "; ud2; 1: jnc 9f;" KEEP \
                     "lea called(%%rip), %%" #reg "; std; call *%%" #reg                          \
                     "; cld; jmp 8f; 9: ud2; 8: pop %%rbp; add $256, %%rsp" ::                    \
                         : CLOBBERS);                                                             \
    for (int i = 0; i < 15; ++i) printf(regs[i] > 0x10000 ? "target " : "%lx ", regs[i]);         \
    puts(#reg);                                                                                   \
  }
#define ALL(m)                                                                                    \
  m(rax) m(rbx) m(rcx) m(rdx) m(rsi) m(rdi) m(r8) m(r9) m(r10) m(r11) m(r12) m(r13) m(r14) m(r15) \
      m(rbp)
ALL(TRY)
#define CALL(reg) try_##reg();
int main(void) {
  for (int i = 0; i < 3; ++i) {
    ALL(CALL)
  }
  return app_status();
}
