#include "linux/signal/death.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/handler.h"
#include "linux/signal/queue.h"
#include "linux/signal/state.h"

namespace weft::linux {
namespace {

uint64_t as_word(int value) { return static_cast<uint64_t>(value); }

/// The next system call ends the process by SIGSYS, as a filter of the program's would.
void forbid_system_calls() {
  sock_filter kill = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS};
  const sock_fprog program = {1, &kill};
  raw_syscall(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1);
  raw_syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, word(&program));
}

/// Has an instruction raise `signal`: no process is spared by that.
void raise_by_instruction(int signal) {
  switch (signal) {
    case SIGSEGV:
      // An address that no process can have.
      asm volatile("movabs $0x4141414141414141, %%rax; movb $0, (%%rax)" ::: "rax", "memory");
      break;
    case SIGBUS: {
      // A misaligned access while alignment is checked.
      uint64_t words[2] = {};
      asm volatile("pushfq; orl $0x40000, (%%rsp); popfq; movl 1(%0), %%eax" ::"r"(words)
                   : "rax", "memory", "cc");
      break;
    }
    case SIGFPE:
      asm volatile("xor %%edx, %%edx; xor %%eax, %%eax; div %%edx" ::: "rax", "rdx", "cc");
      break;
    case SIGILL:
      asm volatile("ud2");
      break;
    case SIGTRAP:
      asm volatile("int3");
      break;
    case SIGSYS:
      forbid_system_calls();
      break;
    default:
      break;
  }
}

}  // namespace

bool is_spared_by_sent_signals() { return kernel::current_process() == 1; }

void send_last_signal(siginfo_t info) {
  const int signal = info.si_signo;
  const KernelAction fallback;
  raw_syscall(__NR_rt_sigaction, as_word(signal), word(&fallback), 0, sizeof(SignalSet));
  const auto pid = static_cast<uint64_t>(kernel::current_process());
  const auto tid = static_cast<uint64_t>(kernel::current_thread());
  send_to_thread(static_cast<pid_t>(tid), info);
  // For a siginfo that the kernel takes from nobody.
  raw_syscall(__NR_tgkill, pid, tid, as_word(signal));
}

void die_by_signal(siginfo_t info) {
  const int signal = info.si_signo;
  send_last_signal(info);
  exchange_mask(~set_of(signal));
  raise_by_instruction(signal);
  kernel::end_process(as_word(kernel::status_of_signal(signal)));
}

}  // namespace weft::linux
