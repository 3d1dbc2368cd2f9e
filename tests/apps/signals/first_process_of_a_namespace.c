// The first process of a namespace of process numbers dies of what instructions raise, and of no other
// skip-status: 77
// signal without a handler, whoever in the namespace sends it. (Only root can make one.)
#include "sig.h"

#include <sched.h>
#include <sys/prctl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

static volatile int handled;
static void on_signal(int number, siginfo_t* info, void* context) { ++handled; }

static void by_address(void) { *(volatile int*)8 = 1; }
static void by_non_canonical_address(void) { *(volatile int*)0x4141414141414141 = 1; }
static void by_jump(void) { ((void (*)(void))16)(); }
static void by_division(void) { __asm__ volatile("xor %%edx, %%edx; xor %%eax, %%eax; div %%edx" ::: "rax", "rdx"); }
static void by_illegal_instruction(void) { __asm__ volatile("ud2"); }
static void by_breakpoint(void) { __asm__ volatile("int3"); }
static void by_stack(void) {
  __asm__ volatile("movabs $0x4141414141414140, %%rsp; push %%rax" ::: "memory");
}
static void by_mapping(void) {
  const int file = open("empty", O_RDWR | O_CREAT, 0600);
  *(volatile char*)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) = 1;
}
static void by_ignored_fault(void) {
  signal(SIGSEGV, SIG_IGN);
  by_address();
}
static void by_blocked_fault(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  by_address();
}
static void by_filter(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = {4, code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  REQUIRE(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
  syscall(SYS_getppid);
}
static void by_abort(void) { abort(); }

/// None of these does anything.
static void by_sent_signals(void) {
  const int sent[] = {SIGTERM, SIGKILL, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGINT, SIGSTOP, SIGUSR1, 40};
  for (unsigned i = 0; i < sizeof sent / sizeof *sent; ++i) {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, sent[i]);
    kill(getpid(), sent[i]);
    raise(sent[i]);
    sigprocmask(SIG_BLOCK, &one, NULL);
    kill(getpid(), sent[i]);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
  }
  handle(SIGTERM, on_signal, 0);
  handle(SIGSEGV, on_signal, 0);
  kill(getpid(), SIGTERM);
  kill(getpid(), SIGSEGV);
  printf("handled %d\n", handled);
  _exit(3);
}

static void first_process(const char* what, void (*body)(void)) {
  // Only a child of this one is the first in the namespace that it makes.
  const pid_t parent = fork();
  if (parent == 0) {
    REQUIRE(unshare(CLONE_NEWPID) == 0);
    in_child(what, body);
    _exit(0);
  }
  wait_for(parent);
}

int main(void) {
  if (unshare(CLONE_NEWUTS) != 0) {
    puts("skipped: makes no namespaces");
    return 77;
  }
  first_process("address", by_address);
  first_process("non-canonical address", by_non_canonical_address);
  first_process("jump", by_jump);
  first_process("division", by_division);
  first_process("illegal instruction", by_illegal_instruction);
  first_process("breakpoint", by_breakpoint);
  first_process("stack", by_stack);
  first_process("mapping", by_mapping);
  first_process("ignored fault", by_ignored_fault);
  first_process("blocked fault", by_blocked_fault);
  first_process("filter", by_filter);
  first_process("abort", by_abort);
  first_process("sent signals", by_sent_signals);
  return app_status();
}
