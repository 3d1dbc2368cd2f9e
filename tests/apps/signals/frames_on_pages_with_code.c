// flags: -z execstack
// A signal's frame may lie on a page that holds code, which the runtime protects: on a stack with
// trampolines, or an alternate stack beside code of the program's own.
#include "sig.h"

static volatile int handled;
static void on_signal(int number, siginfo_t* info, void* context) { ++handled; }

static long kill_self(void) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1) : "rcx", "r11", "memory");
  return result;
}

static __attribute__((noinline)) int apply(int (*function)(int), int x) { return function(x); }

static __attribute__((noinline)) int work(int n) {
  int base = n;
  int add(int x) {
    kill_self();
    return base + x;
  }
  return apply(add, 1) + apply(add, 2);
}

/// Code at both ends of the alternate stack, run between signals.
static void beside_code(int flags) {
  static const unsigned char kReturn7[] = {0xB8, 7, 0, 0, 0, 0xC3};
  enum { kSize = 65536 };
  unsigned char* area = mmap(NULL, kSize, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(area != MAP_FAILED);
  memcpy(area + kSize - 4096, kReturn7, sizeof kReturn7);
  memcpy(area + kSize - 8192, kReturn7, sizeof kReturn7);
  // The frame begins below the last code.
  stack_t stack = {.ss_sp = area, .ss_size = kSize - 4096 - 16, .ss_flags = flags};
  REQUIRE(sigaltstack(&stack, NULL) == 0);
  handle(SIGUSR1, on_signal, SA_ONSTACK);
  int sum = 0;
  for (int i = 0; i < 300; ++i) {
    sum += ((int (*)(void))(area + kSize - 4096))();
    memcpy(area + kSize - 8192, kReturn7, sizeof kReturn7);
    sum += ((int (*)(void))(area + kSize - 8192))();
    kill_self();
  }
  printf("beside code: %d\n", sum);
  stack.ss_flags = SS_DISABLE;
  sigaltstack(&stack, NULL);
}

int main(void) {
  handle(SIGUSR1, on_signal, 0);
  long sum = 0;
  for (int i = 0; i < 200; ++i) sum += work(i);
  printf("nested functions: %ld\n", sum);
  beside_code(0);
  beside_code((int)(1u << 31));  // SS_AUTODISARM
  printf("handled %d\n", handled);
  return app_status();
}
