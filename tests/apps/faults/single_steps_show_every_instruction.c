// A handler of SIGTRAP notes where it is after each instruction: calls, branches of every kind, a system call,
// pushf and popf, faults on the way. popf and sigreturn set the trap flag; a handler or popf clears it.
#include <pthread.h>

#include "fault.h"

enum { kMost = 256 };
static __thread int steps;
static __thread long trail[kMost];
static __thread int odd;
extern char traced_start[], traced_end[];
// int traced(int n): the flags that it reads while it is traced.
long traced(long n);
__asm__(
    ".pushsection .text\n"
    "traced_start:\n"
    "twice: lea (%rdi,%rdi), %rax; ret\n"
    "traced: push %rbx\n"
    "pushfq; orq $0x100, (%rsp); popfq\n"
    "nop; mov %rdi, %rbx; jmp 1f; ud2; 1: jmp 2f; ud2; 2: test %rbx, %rbx; jz 3f; jnz 3f; ud2\n"
    "3: call twice; lea twice(%rip), %rcx; call *%rcx; lea 4f(%rip), %rdx; jmp *%rdx; ud2\n"
    "4: mov $3, %ecx; 5: loop 5b; jrcxz 6f; ud2; 6: mov $39, %eax; syscall; nop; nop\n"
    "mov $5, %eax; bswap %eax; xor %eax, %eax; cmp $1, %eax; pushfq; pop %rbx\n"
    "stumble: movq %rax, 0; nop\n"
    "pushfq; andq $~0x100, (%rsp); popfq; nop; nop\n"
    "mov %rbx, %rax; and $0x9ff, %eax; pop %rbx; ret\n"
    "traced_end:\n"
    ".popsection\n");
extern char stumble[];

static void on_step(int number, siginfo_t* info, void* context) {
  greg_t* r = app_registers(context);
  if (steps < kMost) trail[steps] = (long)(r[REG_RIP] - (long)traced_start);
  ++steps;
  odd += info->si_code != TRAP_TRACE || (long)info->si_addr != r[REG_RIP] || r[REG_TRAPNO] != 1;
}

static void on_stumble(int number, siginfo_t* info, void* context) {
  greg_t* r = app_registers(context);
  odd += (r[REG_EFL] & 0x100) == 0 || r[REG_RIP] != (greg_t)stumble;
  if (steps < kMost) trail[steps] = -1;
  ++steps;
  r[REG_RIP] += 8;
}

static void* run(void* unused) {
  long* sums = calloc(3, sizeof *sums);
  for (int round = 0; round < 3; ++round) {
    steps = 0;
    long flags = traced(round);
    if (round == 0) sums[0] = flags;
    sums[1] = steps;
    for (int i = 0; i < steps && i < kMost; ++i) sums[2] = sums[2] * 31 + trail[i];
  }
  EXPECT(odd == 0);
  return sums;
}

int main(void) {
  handle(SIGTRAP, on_step, 0);
  handle(SIGSEGV, on_stumble, 0);
  for (int round = 0; round < 2; ++round) {
    steps = 0;
    long flags = traced(round);
    printf("flags %lx, %d steps:", flags, steps);
    for (int i = 0; i < steps && i < kMost; ++i) printf(" %ld", trail[i]);
    puts("");
  }
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, run, NULL);
  for (int i = 0; i < 4; ++i) {
    long* sums;
    pthread_join(threads[i], (void**)&sums);
    printf("thread: flags %lx, %ld steps, %lx\n", sums[0], sums[1], sums[2]);
  }
  return app_status();
}
