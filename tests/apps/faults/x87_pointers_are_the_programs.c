// The address of the last x87 instruction, as fnstenv, fnsave, fxsave and the forms of xsave store it and
// as the frame of SIGFPE shows it. (Some CPUs store it with an exception pending only: then it is 0. Some lose it when
// the thread is switched: so each place is asked often, and another address must never be there.)
#include <cpuid.h>

#include "../app.h"

static char area[4096] __attribute__((aligned(64)));
static const double kZero = 0, kValue = 2.5;
static volatile uint64_t at;  // of the instruction in question
static volatile uint64_t in_frame;

enum { kAttempts = 50 };

/// Prints whether `stored` is `expected`, after `before`, in at least one attempt, and never another address.
#define COMPARE(what, before, stored, expected)                                           \
  do {                                                                                    \
    const char* found = "zero";                                                           \
    for (int attempt = 0; attempt < kAttempts && strcmp(found, "zero") == 0; ++attempt) { \
      before;                                                                             \
      const uint64_t seen = stored;                                                       \
      found = seen == (expected) ? "right" : seen == 0 ? "zero" : "wrong";                \
    }                                                                                     \
    printf("%s: %s\n", what, found);                                                      \
  } while (0)

static __attribute__((noinline)) void compute(void) {
  __asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; fninit; fldz; fld1; 1: faddp"
                   : "=m"(at)::"rax", "memory");
}

/// Leaves a division by zero pending that is not masked.
static __attribute__((noinline)) void divide(void) {
  const uint16_t control = 0x37F & ~4;
  __asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; fninit; fldcw %1; fld1; 1: fdivl %2"
                   : "=m"(at)
                   : "m"(control), "m"(kZero)
                   : "rax", "memory");
}

static uint64_t word_at(int offset, int size) {
  uint64_t word = 0;
  memcpy(&word, area + offset, (size_t)size);
  return word;
}

#define STORED(instruction, mask, offset, size)                                             \
  ({                                                                                        \
    memset(area, 0, sizeof area);                                                           \
    __asm__ volatile(instruction " %0" : "+m"(area) : "a"(mask), "d"(0) : "memory", "rcx"); \
    word_at(offset, size);                                                                  \
  })

static void reload(void) {
  STORED("fnstenv", 0, 12, 4);
  __asm__ volatile("fldenv %0; fnclex" ::"m"(area));
}

static __attribute__((noinline)) void load(void) {
  __asm__ volatile("fninit; fldl %0; fstp %%st(0); fldl %0" ::"m"(kValue));
}

static void every_store(void (*before)(void), int has_xsavec) {
  COMPARE("fxsave64", before(), STORED("fxsave64", 0, 8, 8), at);
  COMPARE("fxsave", before(), STORED("fxsave", 0, 8, 4), (uint32_t)at);
  COMPARE("xsave64", before(), STORED("xsave64", 7, 8, 8), at);
  COMPARE("xsave", before(), STORED("xsave", 3, 8, 4), (uint32_t)at);
  COMPARE("xsave without x87", before(), STORED("xsave64", 6, 8, 8), 0);
  if (has_xsavec) {
    COMPARE("xsavec64", before(), STORED("xsavec64", 1, 8, 8), at);
    COMPARE("xsavec without x87", before(), STORED("xsavec", 2, 8, 4), 0);
    COMPARE("xsaveopt64", before(), STORED("xsaveopt64", 3, 8, 8), at);
  }
  COMPARE("fnstenv", before(), STORED("fnstenv", 0, 12, 4), (uint32_t)at);
  COMPARE("again", (before(), STORED("fnstenv", 0, 12, 4)), STORED("fnstenv", 0, 12, 4),
          (uint32_t)at);
  COMPARE("fnstenv of 16 bits", before(), STORED("data16 fnstenv", 0, 6, 2), (uint16_t)at);
  COMPARE("fnsave", before(), STORED("fnsave", 0, 12, 4), (uint32_t)at);
  COMPARE("after fnsave", (before(), STORED("fnsave", 0, 12, 4)), STORED("fnstenv", 0, 12, 4), 0);
  // What was stored is the program's to load.
  COMPARE("loaded", (before(), reload()), STORED("fnstenv", 0, 12, 4), (uint32_t)at);
  COMPARE("operand", load(), STORED("fnstenv", 0, 20, 4), (uint32_t)(uintptr_t)&kValue);
  __asm__ volatile("fninit");
}

static void on_fpe(int number, siginfo_t* info, void* context) {
  struct _libc_fpstate* state = ((ucontext_t*)context)->uc_mcontext.fpregs;
  in_frame = state->rip;
  state->swd &= (uint16_t)~0x80FF;
  state->cwd |= 0x3F;
}

static void divide_and_wait(void) {
  divide();
  __asm__ volatile("nop; fwait");
}

static void on_user(int number, siginfo_t* info, void* context) {}

int main(void) {
  unsigned a, b, c, d;
  const int has_xsavec = __get_cpuid_count(0xD, 1, &a, &b, &c, &d) != 0 && (a & 3) == 3;
  handle(SIGFPE, on_fpe, 0);
  handle(SIGUSR1, on_user, 0);
  for (int round = 0; round < 3; ++round) {
    every_store(compute, has_xsavec);
    every_store(divide, has_xsavec);
    COMPARE("frame", divide_and_wait(), in_frame, at);
    COMPARE("after a system call", (divide(), syscall(SYS_getppid)), STORED("fxsave64", 0, 8, 8),
            at);
    COMPARE("after a signal", (divide(), kill(getpid(), SIGUSR1)), STORED("fxsave64", 0, 8, 8), at);
    __asm__ volatile("fninit");
  }
  return app_status();
}
