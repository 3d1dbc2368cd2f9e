// Faults on purpose: shows what a handler sees, relative to labels and areas of the program.
#pragma once
#include <setjmp.h>

#include "app.h"

extern char fault_at[], fault_next[];
static sigjmp_buf fault_back;
static char* fault_area;

/// All general registers but rsp, which is shown as a distance, and rip, which is shown relative to
/// fault_at.
static void fault_show(int number, siginfo_t* info, void* context) {
  greg_t* r = app_registers(context);
  printf("signal %d errno %d code %d", number, info->si_errno, info->si_code);
  long offset = (char*)info->si_addr - fault_area;
  if (fault_area && offset >= -65536 && offset < 65536)
    printf(" address area%+ld", offset);
  else if ((char*)info->si_addr == fault_at)
    printf(" address fault_at");
  else if (info->si_code <= 0 || info->si_code == SI_KERNEL || (unsigned long)info->si_addr < 4096)
    printf(" address %lx", (long)info->si_addr);
  // Bit 0 of a page fault's error code says only whether the page happened to be present.
  printf(" rip %+ld trap %lld error %llx\n", (long)(r[REG_RIP] - (greg_t)fault_at), r[REG_TRAPNO],
         r[REG_ERR] & ~1LL);
}

static void fault_show_registers(void* context) {
  greg_t* r = app_registers(context);
  printf(" rax %llx rbx %llx rcx %llx rdx %llx rsi %llx rdi %llx rbp %llx\n", r[REG_RAX],
         r[REG_RBX], r[REG_RCX], r[REG_RDX], r[REG_RSI], r[REG_RDI], r[REG_RBP]);
  printf(" r8 %llx r9 %llx r10 %llx r11 %llx r12 %llx r13 %llx r14 %llx r15 %llx flags %llx\n",
         r[REG_R8], r[REG_R9], r[REG_R10], r[REG_R11], r[REG_R12], r[REG_R13], r[REG_R14],
         r[REG_R15], r[REG_EFL] & 0xcd5);
}

/// Reports and goes on at fault_next.
static void fault_skip(int number, siginfo_t* info, void* context) {
  fault_show(number, info, context);
  app_registers(context)[REG_RIP] = (greg_t)fault_next;
}

static void fault_leave(int number, siginfo_t* info, void* context) {
  fault_show(number, info, context);
  siglongjmp(fault_back, 1);
}
