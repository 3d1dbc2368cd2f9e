// An asynchronous signal reaches a thread that computes without system calls, whatever the shape of its loop.
#include <setjmp.h>

#include "sig.h"
static sigjmp_buf out;
static void jump(int number) { siglongjmp(out, 1); }
static void arm(void) {
  struct itimerval t = {{0, 0}, {0, 10000}};
  setitimer(ITIMER_REAL, &t, NULL);
}
static __attribute__((noinline)) long callee(long x) { return x * 3 + 1; }
static long (*volatile pointer)(long) = callee;
#define LEAVE(what, loop)       \
  if (sigsetjmp(out, 1) == 0) { \
    arm();                      \
    loop;                       \
  }                             \
  puts(what)
int main(void) {
  handle(SIGALRM, sig_note, 0);
  for (int i = 0; i < 3; ++i) {
    int before = sig_count;
    arm();
    while (sig_count == before) {
    }
    puts("flag");
  }
  signal(SIGALRM, jump);
  volatile long sum = 0;
  static char buffer[1 << 20];
  for (int i = 0; i < 3; ++i) {
    LEAVE("jump to itself", __asm__ volatile("1: jmp 1b"));
    LEAVE("two blocks", __asm__ volatile("1: jmp 2f; nop; 2: jmp 1b"));
    LEAVE("conditional", __asm__ volatile("xor %%eax, %%eax; 1: test %%eax, %%eax; jz 1b" ::
                                              : "rax", "cc"));
    LEAVE("loop instruction", __asm__ volatile("1: mov $5, %%ecx; 2: loop 2b; jmp 1b" ::: "rcx"));
    LEAVE("indirect jump", __asm__ volatile("lea 1f(%%rip), %%rax; 1: jmp *%%rax" ::: "rax"));
    LEAVE("call", for (;;) sum += callee(sum));
    LEAVE("indirect call", for (;;) sum += pointer(sum));
    LEAVE("string operation",
          for (;;) __asm__ volatile("rep stosb" ::"D"(buffer), "c"(sizeof buffer), "a"(0)
                                    : "memory"));
    LEAVE("pure arithmetic",
          __asm__ volatile("1: .rept 2000; imul $7, %%rax, %%rax; .endr; jmp 1b" ::
                               : "rax", "cc"));
    LEAVE("cpuid", __asm__ volatile("1: xor %%eax, %%eax; push %%rbx; cpuid; pop %%rbx; jmp 1b" ::
                                        : "rax", "rcx", "rdx", "cc"));
  }
  return app_status();
}
