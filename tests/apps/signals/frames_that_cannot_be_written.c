// A frame that cannot be written makes SIGSEGV, whose handler may run on another stack; if there is
// none, or SIGSEGV is blocked, or its own frame fails, the process dies of it.
#include "sig.h"

#include <setjmp.h>

static volatile int users, faults;
static char other_stack[65536];
static char* read_only;
static sigjmp_buf back;

static void on_user(int number, siginfo_t* info, void* context) { ++users; }
static void on_fault(int number, siginfo_t* info, void* context) {
  ++faults;
  EXPECT(info->si_code == SI_KERNEL);
}
static void on_fault_leave(int number, siginfo_t* info, void* context) {
  on_fault(number, info, context);
  siglongjmp(back, 1);
}

static void use_stack(void* memory, size_t size) {
  stack_t stack = {.ss_sp = memory, .ss_size = size};
  REQUIRE(sigaltstack(&stack, NULL) == 0);
}

/// kill(itself, SIGUSR1) with another stack pointer.
static void kill_on(void* stack) {
  const long pid = getpid();
  __asm__ volatile(
      "mov %%rsp, %%r12; mov %[stack], %%rsp; mov $62, %%eax; syscall; mov %%r12, %%rsp"
      :
      : [stack] "r"(stack), "D"(pid), "S"((long)SIGUSR1)
      : "rax", "rcx", "r11", "r12", "memory");
}

static void alternate_stack_is_read_only(void) {
  use_stack(read_only, 65536);
  handle(SIGSEGV, on_fault, 0);
  handle(SIGUSR1, on_user, SA_ONSTACK);
  for (int i = 0; i < 3; ++i) kill(getpid(), SIGUSR1);
  printf("users %d faults %d\n", users, faults);
}

static void stack_cannot_be_written(void) {
  void* const places[] = {read_only + 32768, (void*)4096, (void*)0x4141414141414140, (void*)0};
  use_stack(other_stack, sizeof other_stack);
  handle(SIGSEGV, on_fault_leave, SA_ONSTACK);
  handle(SIGUSR1, on_user, 0);
  for (unsigned i = 0; i < sizeof places / sizeof *places; ++i) {
    if (sigsetjmp(back, 1) == 0) kill_on(places[i]);
    printf("users %d faults %d\n", users, faults);
  }
}

static void no_other_stack(void) {
  handle(SIGSEGV, on_fault, 0);
  handle(SIGUSR1, on_user, 0);
  kill_on(read_only + 32768);
}

static void no_handler(void) {
  handle(SIGUSR1, on_user, 0);
  kill_on((void*)0x4141414141414140);
}

static void ignored(void) {
  signal(SIGSEGV, SIG_IGN);
  handle(SIGUSR1, on_user, 0);
  kill_on(read_only + 32768);
}

static void blocked(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGSEGV);
  sigprocmask(SIG_BLOCK, &set, NULL);
  use_stack(other_stack, sizeof other_stack);
  handle(SIGSEGV, on_fault, SA_ONSTACK);
  handle(SIGUSR1, on_user, 0);
  kill_on(read_only + 32768);
}

static void fault_on_bad_stack(void) {
  handle(SIGSEGV, on_fault, 0);
  __asm__ volatile("mov %0, %%rsp; mov $0, %%eax; mov %%eax, (%%rax)" ::"r"(read_only + 32768) : "rax", "memory");
}

static void alternate_stack_is_too_small(void) {
  handle(SIGUSR1, on_user, SA_ONSTACK);
  // From within the alternate stack a frame that leaves it fails.
  use_stack(other_stack, sizeof other_stack);
  handle(SIGSEGV, on_fault, SA_ONSTACK);
  kill_on(other_stack + 256);
}

/// The mask that the handler of SIGSEGV gives back is the one from before the call.
static void during_sigsuspend(void) {
  sigset_t wait, now;
  use_stack(read_only, 65536);
  handle(SIGSEGV, on_fault, 0);
  handle(SIGUSR1, on_user, SA_ONSTACK);
  sigemptyset(&now);
  sigaddset(&now, SIGUSR1);
  sigaddset(&now, SIGUSR2);
  sigprocmask(SIG_SETMASK, &now, NULL);
  kill(getpid(), SIGUSR1);
  sigemptyset(&wait);
  EXPECT(sigsuspend(&wait) == -1 && errno == EINTR);
  sigprocmask(SIG_SETMASK, NULL, &now);
  printf("users %d faults %d mask %d %d %d\n", users, faults, sigismember(&now, SIGUSR1),
         sigismember(&now, SIGUSR2), sigismember(&now, SIGSEGV));
}

int main(void) {
  read_only = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(read_only != MAP_FAILED);
  in_child("alternate stack is read-only", alternate_stack_is_read_only);
  in_child("stack cannot be written", stack_cannot_be_written);
  in_child("no other stack", no_other_stack);
  in_child("no handler", no_handler);
  in_child("ignored", ignored);
  in_child("blocked", blocked);
  in_child("fault on bad stack", fault_on_bad_stack);
  in_child("alternate stack is too small", alternate_stack_is_too_small);
  in_child("during sigsuspend", during_sigsuspend);
  return app_status();
}
