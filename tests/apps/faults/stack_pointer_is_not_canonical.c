// What uses a stack pointer that is not canonical faults with SIGBUS, whatever it is: nothing has
// changed, and a handler on another stack runs.
#include <setjmp.h>

#include "../app.h"

static sigjmp_buf back;
static char other_stack[65536];
static void nothing(void) {}
void (*volatile function)(void) = nothing;

static void on_fault(int number, siginfo_t* info, void* context) {
  const greg_t* registers = app_registers(context);
  printf("signal %d code %#x address %p rsp %llx offset %lld trap %lld error %lld\n", number, info->si_code,
         info->si_addr, registers[REG_RSP], registers[REG_RIP] - registers[REG_R13], registers[REG_TRAPNO],
         registers[REG_ERR]);
  siglongjmp(back, 1);
}

#define TRY(instruction)                                                                \
  do {                                                                                  \
    printf("%s: ", #instruction);                                                       \
    if (sigsetjmp(back, 1) == 0) {                                                      \
      __asm__ volatile(                                                                 \
          "mov %%rsp, %%r12; lea 1f(%%rip), %%r13; lea 2f(%%rip), %%rcx;"               \
          "movabs $0x4141414141414140, %%rsp; 1: " instruction "; 2: mov %%r12, %%rsp" :: \
              : "r12", "r13", "rcx", "rax", "rbp", "memory", "cc");                     \
      puts("no fault");                                                                 \
    }                                                                                   \
  } while (0)

int main(void) {
  const stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof other_stack};
  REQUIRE(sigaltstack(&stack, NULL) == 0);
  handle(SIGSEGV, on_fault, SA_ONSTACK);
  handle(SIGBUS, on_fault, SA_ONSTACK);
  for (int round = 0; round < 3; ++round) {
    TRY("push %%rax");
    TRY("push $5");
    TRY("push function(%%rip)");
    TRY("pop %%rax");
    TRY("popq 8(%%rsp)");
    TRY("ret");
    TRY("ret $16");
    TRY("lretq");
    TRY("iretq");
    TRY("call 2f");
    TRY("call *%%rcx");
    TRY("call *function(%%rip)");
    TRY("call *(%%rsp)");
    TRY("jmp *(%%rsp)");
    TRY("pushf");
    TRY("popf");
    TRY("enter $16, $0");
    TRY("mov %%rsp, %%rbp; leave");
    TRY("mov (%%rsp), %%rax");
    TRY("mov %%rax, 8(%%rsp)");
    TRY("mov %%fs:(%%rsp), %%rax");
    TRY("mov %%gs:(%%rsp), %%rax");
  }
  return app_status();
}
