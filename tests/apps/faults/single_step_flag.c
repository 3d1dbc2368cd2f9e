// The trap flag raises SIGTRAP after each instruction with TRAP_TRACE and the rip of the next one.
#include "fault.h"
static int steps;
static long trail[16];
static void step(int number, siginfo_t* info, void* context) {
  greg_t* r = app_registers(context);
  if (steps < 16) trail[steps] = (long)(r[REG_RIP] - (long)fault_at);
  if (++steps >= 6) r[REG_EFL] &= ~0x100LL;
}
int main(void) {
  handle(SIGTRAP, step, 0);
  __asm__ volatile(
      "sub $256, %%rsp; pushfq; orq $0x100, (%%rsp); popfq;\n.globl fault_at, "
      "fault_next\nfault_at: nop; nop; mov $1, %%eax; jmp 1f; nop; 1: nop; nop; nop; nop; "
      "fault_next: add $256, %%rsp" ::
          : "rax", "memory", "cc");
  printf("steps %d:", steps);
  for (int i = 0; i < steps; ++i) printf(" %ld", trail[i]);
  puts("");
  return app_status();
}
