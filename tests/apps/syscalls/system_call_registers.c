// A system call keeps all registers but rax, rcx (the next instruction) and r11 (the flags).
#include "app.h"
int main(void) {
  for (int i = 0; i < 3; ++i) {
    unsigned long rcx, r11, rax, others, expected;
    __asm__ volatile(
        "sub $256, %%rsp; mov $1, %%ebx; mov $2, %%edx; mov $4, %%esi; mov $8, %%edi; mov $16, "
        "%%r8d; mov $32, %%r9d; mov $64, %%r10d; mov $128, %%r12d; mov $256, %%r13d; mov $512, "
        "%%r14d; mov $1024, %%r15d;"
        "mov $0x55, %%ecx; mov $39, %%eax; cmp %%eax, %%eax; stc; syscall; 1: lea (%%rbx,%%rdx), "
        "%%rbx; lea (%%rbx,%%rsi), %%rbx; lea (%%rbx,%%rdi), %%rbx; lea (%%rbx,%%r8), %%rbx; lea "
        "(%%rbx,%%r9), %%rbx; lea (%%rbx,%%r10), %%rbx;"
        "lea (%%rbx,%%r12), %%rbx; lea (%%rbx,%%r13), %%rbx; lea (%%rbx,%%r14), %%rbx; lea "
        "(%%rbx,%%r15), %%rbx; lea 1b(%%rip), %%rdx; mov %%r11, %%rsi; add $256, %%rsp"
        : "=a"(rax), "=b"(others), "=c"(rcx), "=d"(expected), "=S"(r11)::"rdi", "r8", "r9", "r10",
          "r11", "r12", "r13", "r14", "r15", "memory", "cc");
    printf("%d %lu %d %lx\n", (long)rax == getpid(), others, rcx == expected, r11 & 0xcd5);
  }
  return app_status();
}
