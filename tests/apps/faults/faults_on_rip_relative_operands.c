// A rip-relative store to read-only data faults with the right address, rip, and all registers intact.
#include "fault.h"
static const long kConstant __attribute__((used, aligned(4096))) = 7;
static void report(int number, siginfo_t* info, void* context) {
  printf("%d ", (const long*)info->si_addr == &kConstant);
  fault_area = (char*)&kConstant;
  fault_show(number, info, context);
  fault_show_registers(context);
  app_registers(context)[REG_RIP] = (greg_t)fault_next;
}
int main(void) {
  handle(SIGSEGV, report, 0);
  for (int i = 0; i < 3; ++i)
    __asm__ volatile(
        "push %%rbp; mov $1, %%eax; mov $2, %%ebx; mov $3, %%ecx; mov $4, %%edx; mov $5, %%esi; "
        "mov $6, %%edi; mov $7, %%ebp; mov $8, %%r8d; mov $9, %%r9d;"
        "mov $10, %%r10d; mov $11, %%r11d; mov $12, %%r12d; mov $13, %%r13d; mov $14, %%r14d; mov "
        "$15, %%r15d; cmp %%eax, %%eax;"
        ".globl fault_at, fault_next\nfault_at: addq $5, kConstant(%%rip)\nfault_next: pop %%rbp" ::
            : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
              "r14", "r15", "memory", "cc");
  return app_status();
}
