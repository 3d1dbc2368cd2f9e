// Thousands of signals into a loop that keeps checking all its registers, flags and vector registers.
#include "sig.h"
int sig_total;
static void count(int number, siginfo_t* info, void* context) {
  ++sig_total;
  __asm__ volatile("pxor %%xmm1, %%xmm1; pcmpeqd %%xmm9, %%xmm9; fninit" ::: "xmm1", "xmm9");
}
int main(void) {
  handle(SIGALRM, count, SA_RESTART);
  struct itimerval fast = {{0, 300}, {0, 300}};
  setitimer(ITIMER_REAL, &fast, NULL);
  unsigned long wrong;
  __asm__ volatile(
      "sub $256, %%rsp; push %%rbp; mov $0x11, %%ebx; mov $0x22, %%edx; mov $0x33, %%esi; mov "
      "$0x44, %%edi; mov $0x55, %%ebp; mov $0x88, %%r8d; mov $0x99, %%r9d; mov $0xaa, %%r10d;"
      "mov $0xbb, %%r11d; mov $0xcc, %%r12d; mov $0xdd, %%r13d; mov $0xee, %%r14d; mov $0xff, "
      "%%r15d; movq %%rbx, %%xmm1; movq %%r15, %%xmm9; fninit; fldpi; movq $0x77, -8(%%rsp); movq "
      "$0x78, -128(%%rsp); xor %%eax, %%eax\n"
      "1: mov $1000, %%ecx\n"
      "2: cmp $0x11, %%rbx; jne 9f; cmp $0x22, %%rdx; jne 9f; cmp $0x33, %%rsi; jne 9f; cmp $0x44, "
      "%%rdi; jne 9f; cmp $0x55, %%rbp; jne 9f; cmp $0x88, %%r8; jne 9f;"
      "cmp $0x99, %%r9; jne 9f; cmp $0xaa, %%r10; jne 9f; cmp $0xbb, %%r11; jne 9f; cmp $0xcc, "
      "%%r12; jne 9f; cmp $0xdd, %%r13; jne 9f; cmp $0xee, %%r14; jne 9f; cmp $0xff, %%r15; jne 9f;"
      "movq %%xmm1, %%rax; cmp $0x11, %%rax; jne 9f; movq %%xmm9, %%rax; cmp $0xff, %%rax; jne 9f; "
      "cmpq $0x77, -8(%%rsp); jne 9f; cmpq $0x78, -128(%%rsp); jne 9f;"
      "lea 3f(%%rip), %%rax; stc; jmp *%%rax; ud2; 3: jnc 9f; call 4f; jmp 5f; 4: ret; 5: movq "
      "$0x77, -8(%%rsp); dec %%ecx; jnz 2b; cmpl $2000, sig_total(%%rip); jb 1b; mov $0, %%eax; "
      "jmp 8f; 9: mov $1, %%eax; 8: fstp %%st(0); pop %%rbp; add $256, %%rsp"
      : "=a"(wrong)::"rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
        "r14", "r15", "xmm1", "xmm9", "memory", "cc");
  printf("wrong %lu\n", wrong);
  return app_status();
}
