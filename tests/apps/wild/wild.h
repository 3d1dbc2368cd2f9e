// Jumps, calls and returns to addresses without code, and what the signal handler sees of them.
#pragma once
#include <setjmp.h>

#include "app.h"

static sigjmp_buf wild_back;
static unsigned long wild_target;
unsigned long wild_stack;

/// Prints the fault relative to the target, so that nothing depends on the layout.
static void wild_report(int number, siginfo_t* info, void* context) {
  greg_t* r = app_registers(context);
  unsigned long rip = (unsigned long)r[REG_RIP], address = (unsigned long)info->si_addr;
  printf(" signal %d code %d address %s%lx rip %s trap %lld error %llx", number, info->si_code,
         address == wild_target ? "target " : "", address == wild_target ? 0 : address,
         rip == wild_target ? "target" : "elsewhere", r[REG_TRAPNO],
         r[REG_ERR] & ~1LL);  // bit 0 says only whether the page happened to be present
  printf(" rcx %llx r9 %llx", r[REG_RCX], r[REG_R9]);
  printf(" stack %ld\n", (long)wild_stack - (long)r[REG_RSP]);
  siglongjmp(wild_back, 1);
}

#define WILD_VIA(what, code)                                               \
  printf("  " what ":");                                                   \
  if (sigsetjmp(wild_back, 1) == 0) {                                      \
    __asm__ volatile("sub $512, %%rsp; mov %%rsp, wild_stack(%%rip);" code \
                     "add $512, %%rsp" ::"a"(wild_target),                 \
                     "c"(0xc0c0L), "d"(0xd0d0L), "b"(&wild_target)         \
                     : "r9", "memory", "cc");                              \
    puts(" came back");                                                    \
  }

/// Goes to `target` in every way, twice: the second time with everything translated.
static void __attribute__((noinline)) go_wild(const char* name, unsigned long target) {
  wild_target = target;
  for (int i = 0; i < 2; ++i) {
    printf("%s\n", name);
    WILD_VIA("jmp reg", "mov $9, %%r9d; jmp *%%rax;")
    WILD_VIA("jmp mem", "mov $9, %%r9d; jmp *(%%rbx);")
    WILD_VIA("call reg", "mov $9, %%r9d; call *%%rax;")
    WILD_VIA("call mem", "mov $9, %%r9d; call *(%%rbx);")
    WILD_VIA("ret", "mov $9, %%r9d; push %%rax; ret;")
    WILD_VIA("ret imm", "mov $9, %%r9d; push %%rax; ret $16;")
    WILD_VIA("jmp rdx", "mov $9, %%r9d; mov %%rax, %%rdx; mov $0xc1, %%ecx; jmp *%%rdx;")
  }
}
