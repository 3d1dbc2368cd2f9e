// Loads from where nothing is, with known values in all registers and flags, which the handler has to
// see at that instruction.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

extern const char faulting_load[];

static void handler(int number, siginfo_t* info, void* context) {
  enum { kCarryParityAdjustZeroSignOverflow = 0x8D5 };
  const ucontext_t* const machine = context;
  const greg_t* const registers = machine->uc_mcontext.gregs;
  static const int kNumbers[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSI, REG_R8,  REG_R9,
                                 REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  (void)number;
  for (unsigned i = 0; i < sizeof kNumbers / sizeof kNumbers[0]; ++i) {
    if (registers[kNumbers[i]] != 0x1000 + (greg_t)i) _exit(1);
  }
  if (registers[REG_RDI] != 0x10 || (greg_t)info->si_addr != 0x10) _exit(2);
  const greg_t flags = registers[REG_EFL] & kCarryParityAdjustZeroSignOverflow;
  if (flags != kCarryParityAdjustZeroSignOverflow) _exit(3);
  if (registers[REG_RIP] != (greg_t)faulting_load) _exit(4);
  _exit(0);
}

int main(void) {
  struct sigaction action = {0};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  if (sigaction(SIGSEGV, &action, NULL) != 0) return 9;
  __asm__ volatile(
      "pushq $0xad7\n"
      "popfq\n"
      "mov $0x1000, %%eax\n"
      "mov $0x1001, %%ecx\n"
      "mov $0x1002, %%edx\n"
      "mov $0x1003, %%ebx\n"
      "mov $0x1004, %%esi\n"
      "mov $0x1005, %%r8d\n"
      "mov $0x1006, %%r9d\n"
      "mov $0x1007, %%r10d\n"
      "mov $0x1008, %%r11d\n"
      "mov $0x1009, %%r12d\n"
      "mov $0x100a, %%r13d\n"
      "mov $0x100b, %%r14d\n"
      "mov $0x100c, %%r15d\n"
      "mov $0x10, %%edi\n"
      ".globl faulting_load\n"
      "faulting_load: mov (%%rdi), %%rdi\n"
      "jmp faulting_load\n" ::
          : "memory");
  return 8;
}
