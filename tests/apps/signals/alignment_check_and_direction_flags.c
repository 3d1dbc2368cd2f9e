// The flags AC and DF stay as the program set them: across new code, indirect branches, system calls,
// and signals, whose handlers start with DF clear.
#include "sig.h"
enum { kAc = 0x40000, kDf = 0x400 };
static volatile unsigned long in_handler;
static volatile int handled;

/// Reads the flags and clears AC and DF before the compiler's code runs.
#define TAKE_FLAGS(flags) \
  __asm__ volatile("pushfq; pop %0; pushq $0x202; popfq" : "=r"(flags)::"memory", "cc")

static void on_signal(int number, siginfo_t* info, void* context) {
  unsigned long flags;
  TAKE_FLAGS(flags);
  in_handler = flags & (kAc | kDf);
  ++handled;
}

/// Sets the flags, goes through `what`, and gives the flags behind it.
#define ACROSS(flags, what)                                                              \
  ({                                                                                     \
    unsigned long after, set = 0x202 | (flags);                                          \
    __asm__ volatile("sub $128, %%rsp; push %1; popfq;" what                             \
                     "; pushfq; pop %0; pushq $0x202; popfq; add $128, %%rsp"            \
                     : "=&r"(after)                                                      \
                     : "r"(set)                                                          \
                     : "rax", "rcx", "rdx", "rbx", "rsi", "rdi", "r11", "memory", "cc"); \
    after&(kAc | kDf);                                                                   \
  })

static void try(unsigned long flags) {
  for (int round = 0; round < 3; ++round) {
    printf("branches %lx\n", ACROSS(flags, "mov $9, %%ecx; 1: dec %%ecx; jnz 1b; jmp 2f; ud2; 2:"));
    printf("calls %lx\n", ACROSS(flags, "call 1f; jmp 2f; 1: ret; 2:"));
    printf("indirect %lx\n",
           ACROSS(flags, "lea 1f(%%rip), %%rax; call *%%rax; jmp 2f; 1: ret; 2:"));
    printf("system call %lx\n", ACROSS(flags, "mov $24, %%eax; syscall"));
    printf("cpuid %lx\n", ACROSS(flags, "xor %%eax, %%eax; xor %%ecx, %%ecx; cpuid"));
    // getpid, gettid, and tgkill(itself, SIGUSR1).
    printf("own signal %lx\n",
           ACROSS(flags,
                  "mov $39, %%eax; syscall; mov %%eax, %%ebx; mov $186, %%eax; syscall;"
                  "mov %%ebx, %%edi; mov %%eax, %%esi; mov $10, %%edx; mov $234, %%eax; syscall"));
    printf("in the handler %lx\n", in_handler);
    printf("fault %lx\n", ACROSS(flags, "int3"));
    printf("in the handler %lx\n", in_handler);
  }
}

/// A timer's signal interrupts a loop anywhere; the loop reads the flags after each round.
static void interrupted(unsigned long flags) {
  struct itimerval fast = {{0, 500}, {0, 500}}, off = {};
  const int before = handled;
  unsigned long wrong = 0;
  setitimer(ITIMER_REAL, &fast, NULL);
  while (handled < before + 100) {
    wrong |= flags ^ ACROSS(flags,
                            "mov $2000, %%ecx; lea 2f(%%rip), %%rax; 1: jmp *%%rax; ud2;"
                            "2: dec %%ecx; jnz 1b");
  }
  setitimer(ITIMER_REAL, &off, NULL);
  printf("interrupted %lx: wrong %lx\n", flags, wrong);
}

int main(void) {
  handle(SIGUSR1, on_signal, 0);
  handle(SIGTRAP, on_signal, 0);
  handle(SIGALRM, on_signal, SA_RESTART);
  for (unsigned long flags = 0; flags <= (kAc | kDf); flags += kDf) {
    if ((flags & ~(unsigned long)(kAc | kDf)) != 0) continue;
    try(flags);
    interrupted(flags);
  }
  return app_status();
}
