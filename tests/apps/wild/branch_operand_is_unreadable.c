// The memory that holds the target faults: data faults at the branch, before anything is pushed.
#include <setjmp.h>

#include "app.h"
static sigjmp_buf back;
unsigned long sp;
static char* bad;
extern char at_jump[], at_call[], at_rip[];
__asm__(
    ".text\n.globl at_jump\nat_jump: jmp *8(%rbx)\n.globl at_call\nat_call: call *(%rbx,%rcx)\n");
static void report(int number, siginfo_t* info, void* context) {
  greg_t* r = app_registers(context);
  const char* where = r[REG_RIP] == (long)at_jump   ? "jump"
                      : r[REG_RIP] == (long)at_call ? "call"
                                                    : "?";
  printf("signal %d code %d address %ld at %s rcx %llx stack %ld\n", number, info->si_code,
         (long)info->si_addr - (long)bad, where, r[REG_RCX], (long)sp - (long)r[REG_RSP]);
  siglongjmp(back, 1);
}
int main(void) {
  handle(SIGSEGV, report, 0);
  bad = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 3; ++i) {
    if (sigsetjmp(back, 1) == 0)
      __asm__ volatile("sub $256, %%rsp; mov %%rsp, sp(%%rip); jmp *%%rax" ::"a"(at_jump), "b"(bad),
                       "c"(0xc1c1L)
                       : "memory");
    if (sigsetjmp(back, 1) == 0)
      __asm__ volatile("sub $256, %%rsp; mov %%rsp, sp(%%rip); jmp *%%rax" ::"a"(at_call), "b"(bad),
                       "c"(0x20L)
                       : "memory");
  }
  return app_status();
}
