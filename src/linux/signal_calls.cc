// The system calls about signals that cannot pass on, because the kernel's actions, alternate
// stacks and frames are ours.
#include <cerrno>
#include <mutex>

#include "linux/raw_syscall.h"
#include "linux/signal_altstack.h"
#include "linux/signal_queue.h"
#include "linux/signal_services.h"
#include "linux/sys_gate.h"
#include "linux/sys_program_memory.h"

namespace weft::linux {
namespace {

/// The flags that the kernel keeps (SA_RESTORER and SA_EXPOSE_TAGBITS among them).
constexpr uint64_t kKnownFlags = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK |
                                 SA_RESTART | SA_NODEFER | uint64_t{SA_RESETHAND} | 0x04000000 |
                                 0x800;

}  // namespace

bool SignalServices::handles(int64_t number) const {
  switch (number) {
    case __NR_rt_sigaction:
    case __NR_rt_sigprocmask:
    case __NR_rt_sigreturn:
    case __NR_rt_sigpending:
    case __NR_rt_sigtimedwait:
    case __NR_sigaltstack:
      return true;
    default:
      return false;
  }
}

Outcome SignalServices::handle(ProgramThread& thread, x86::CpuContext& context) {
  const auto number = static_cast<int64_t>(context[x86::kRax]);
  if (number == __NR_rt_sigreturn) {
    sigreturn(thread, context);
    return Outcome::kContinue;
  }
  int64_t result = -ENOSYS;
  if (number == __NR_rt_sigaction) result = sigaction(thread, context);
  if (number == __NR_rt_sigprocmask) result = sigprocmask(thread, context);
  if (number == __NR_rt_sigpending) result = sigpending(thread, context);
  if (number == __NR_rt_sigtimedwait) result = sigtimedwait(thread, context);
  if (result == kInterruptedBeforeCall) {
    constexpr uint64_t kSyscallLength = 2;
    context.rip -= kSyscallLength;
    return Outcome::kNotMade;
  }
  if (number == __NR_sigaltstack) result = sigaltstack(thread, context);
  context[x86::kRax] = static_cast<uint64_t>(result);
  context[x86::kRcx] = context.rip;
  context[x86::kR11] = context.rflags;
  return Outcome::kContinue;
}

int64_t SignalServices::sigaction(ProgramThread& thread, const x86::CpuContext& call) {
  const auto signal = static_cast<int>(call[x86::kRdi]);
  const uint64_t wanted = call[x86::kRsi];
  const uint64_t old = call[x86::kRdx];
  if (call[x86::kR10] != sizeof(SignalSet)) return -EINVAL;
  KernelAction action;
  if (wanted != 0 && !read_program(&action, wanted)) return -EFAULT;
  if (signal < 1 || signal >= kSignals) return -EINVAL;
  if (wanted != 0 && (kUnblockable & set_of(signal)) != 0) return -EINVAL;
  KernelAction before;
  {
    const std::unique_lock held = lock_actions(thread);
    KernelAction& entry = entry_of(thread, signal);
    before = entry;
    if (wanted != 0) {
      action.mask &= ~kUnblockable;
      action.flags &= kKnownFlags;
      entry = action;
      install(signal, action);
    }
  }
  if (old != 0 && !write_program(old, before)) return -EFAULT;
  return 0;
}

int64_t SignalServices::sigprocmask(ProgramThread& thread, const x86::CpuContext& call) {
  if (call[x86::kR10] != sizeof(SignalSet)) return -EINVAL;
  const uint64_t wanted = call[x86::kRsi];
  SignalSet set = 0;
  if (wanted != 0 && !read_program(&set, wanted)) return -EFAULT;
  const SignalSet kernel = exchange_mask(kAllSignals);
  const SignalSet before = program_mask(thread, kernel);
  SignalSet after = before;
  int64_t result = 0;
  if (wanted != 0) {
    const auto how = static_cast<int>(call[x86::kRdi]);
    if (how == SIG_BLOCK) {
      after = before | set;
    } else if (how == SIG_UNBLOCK) {
      after = before & ~set;
    } else if (how == SIG_SETMASK) {
      after = set;
    } else {
      result = -EINVAL;
    }
  }
  change_mask(thread, after);
  if (result != 0) return result;
  const uint64_t old = call[x86::kRdx];
  if (old != 0 && !write_program(old, before)) return -EFAULT;
  return 0;
}

int64_t SignalServices::sigpending(ProgramThread& thread, const x86::CpuContext& call) const {
  const uint64_t size = call[x86::kRsi];
  if (size > sizeof(SignalSet)) return -EINVAL;
  const SignalSet kernel = exchange_mask(kAllSignals);
  SignalSet set = 0;
  raw_syscall(__NR_rt_sigpending, word(&set), sizeof set);
  exchange_mask(kernel);
  set = (set | thread.signals->held_set) & program_mask(thread, kernel);
  return write_program(call[x86::kRdi], &set, size) ? 0 : -EFAULT;
}

int64_t SignalServices::sigtimedwait(ProgramThread& thread, const x86::CpuContext& call) {
  SyscallArguments arguments;
  arguments.number = __NR_rt_sigtimedwait;
  arguments.a[0] = call[x86::kRdi];
  arguments.a[1] = call[x86::kRsi];
  arguments.a[2] = call[x86::kRdx];
  arguments.a[3] = call[x86::kR10];
  for (;;) {
    SignalSet set = 0;
    siginfo_t info;
    const bool known = arguments.a[3] == sizeof set && read_program(&set, arguments.a[0]);
    if (known && take_held(*thread.signals, set, &info)) {
      if (arguments.a[1] != 0 && !write_program(arguments.a[1], info)) return -EFAULT;
      return info.si_signo;
    }
    const int64_t result = weft_syscall_gate(&arguments, thread.signal_pending);
    // Woken for a signal that the program blocks: the kernel would have gone on waiting.
    const bool woken_for_held = result == -EINTR && *thread.signal_pending == 0;
    if (!woken_for_held || (thread.signals->held_set & set) == 0) return result;
  }
}

int64_t SignalServices::sigaltstack(ProgramThread& thread, const x86::CpuContext& call) {
  const uint64_t wanted = call[x86::kRdi];
  const uint64_t old = call[x86::kRsi];
  const stack_t before = shown_alt_stack(thread.alt_stack, call[x86::kRsp]);
  if (wanted != 0) {
    stack_t stack;
    if (!read_program(&stack, wanted)) return -EFAULT;
    const int64_t error = change_alt_stack(thread.alt_stack, stack, call[x86::kRsp]);
    if (error != 0) return error;
  }
  if (old != 0 && !write_program(old, before)) return -EFAULT;
  return 0;
}

void SignalServices::change_mask(ProgramThread& thread, SignalSet mask) {
  mask &= ~kUnblockable;
  SignalState& state = *thread.signals;
  // What was taken from the kernel and is blocked now waits on.
  const int signal = state.has_pending ? state.pending.si_signo : 0;
  if (signal != 0 && !state.synchronous && (mask & set_of(signal)) != 0) give_back_pending(thread);
  state.virtual_blocked = mask & kSynchronous;
  siginfo_t info;
  if (state.has_pending) {
    state.mask_before = mask & ~kSynchronous;
  } else if (take_held(state, ~mask, &info)) {
    make_pending(thread, info, false, mask);
  }
  exchange_mask(state.has_pending ? kAsynchronousSignals : mask & ~kSynchronous);
}

}  // namespace weft::linux
