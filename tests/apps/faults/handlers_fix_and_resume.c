// The handler changes permissions, registers, or memory, returns, and the instruction runs again.
#include "fault.h"
static volatile int mode, hits;
static void fix(int number, siginfo_t* info, void* context) {
  ++hits;
  greg_t* r = app_registers(context);
  ucontext_t* u = context;
  switch (mode) {
    case 0:
      mprotect(fault_area, 4096, PROT_READ | PROT_WRITE);
      break;
    case 1:
      r[REG_RBX] = (greg_t)fault_area;
      break;
    case 2:
      r[REG_RCX] = 5;
      break;
    case 3:
      r[REG_RIP] += 2, r[REG_RAX] = 99, r[REG_EFL] |= 1;
      break;
    case 4:
      r[REG_RIP] += 2, u->uc_mcontext.fpregs->_xmm[3].element[0] = 0x1234;
      break;
  }
}
int main(void) {
  handle(SIGSEGV, fix, 0), handle(SIGFPE, fix, 0), handle(SIGILL, fix, 0);
  for (int i = 0; i < 20; ++i) {
    unsigned long v, carry;
    fault_area = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mode = 0;
    *(volatile int*)fault_area = 5 + i;
    mode = 1;
    __asm__ volatile("mov (%%rbx), %%eax" : "=a"(v) : "b"(8L));
    EXPECT(v == (unsigned long)(5 + i));
    mode = 2;
    __asm__ volatile("mov $50, %%eax; cltd; idiv %%ecx" : "=a"(v) : "c"(0) : "rdx", "cc");
    EXPECT(v == 10);
    mode = 3;
    __asm__ volatile("clc; ud2; sbb %1, %1" : "=a"(v), "=r"(carry) : "0"(1L) : "cc");
    EXPECT(v == 99 && carry == -1ul);
    mode = 4;
    __asm__ volatile("pxor %%xmm3, %%xmm3; ud2; movq %%xmm3, %0" : "=r"(v)::"xmm3");
    EXPECT(v == 0x1234);
    munmap(fault_area, 4096);
  }
  printf("%d\n", hits);
  return app_status();
}
