// The system calls about signals that cannot pass on, because the kernel's actions, alternate
// stacks and frames are ours.
#include <cerrno>
#include <optional>

#include "linux/kernel/gate.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/actions_lock.h"
#include "linux/signal/altstack.h"
#include "linux/signal/held.h"
#include "linux/signal/queue.h"
#include "linux/signal/services.h"

namespace weft::linux {
namespace {

/// The flags that the kernel keeps (SA_EXPOSE_TAGBITS, 0x800, among them).
constexpr uint64_t kKnownFlags = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK |
                                 SA_RESTART | SA_NODEFER | uint64_t{SA_RESETHAND} | kRestorerFlag |
                                 0x800;

/// What rt_sigprocmask makes of a mask.
SignalSet combine(int how, SignalSet mask, SignalSet set) {
  if (how == SIG_BLOCK) return mask | set;
  return how == SIG_UNBLOCK ? mask & ~set : set;
}

/// A signalfd that shows signals of those that are held.
bool makes_signalfd(const SyscallArguments& call) {
  if (call.number != __NR_signalfd && call.number != __NR_signalfd4) return false;
  SignalSet set = 0;
  return read_program(&set, call.a[1]) && (set & kSynchronous) != 0;
}

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
    const ActionsLock held(*this, thread);
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

std::optional<int64_t> SignalServices::change_mask_by_kernel(ProgramThread& thread, int how,
                                                             SignalSet set, SignalSet* before) {
  SignalState& state = *thread.signals;
  if (state.has_pending) return std::nullopt;
  const SignalSet blocked = state.virtual_blocked;
  const SignalSet after = combine(how, blocked, set) & kSynchronous;
  if (after != blocked) {
    state.virtual_blocked = after;
    // Who holds a signal for the process must see this, or be seen to hold it.
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  if (held_set(thread) != 0) {
    state.virtual_blocked = blocked;
    return std::nullopt;
  }
  const SignalSet others = set & ~kSynchronous;
  SyscallArguments call;
  call.number = __NR_rt_sigprocmask;
  call.a[0] = static_cast<uint64_t>(how);
  call.a[1] = word(&others);
  call.a[2] = word(before);
  call.a[3] = sizeof others;
  const int64_t result = weft_syscall_gate(&call, thread.signal_pending);
  if (result == 0) {
    *before |= blocked;
  } else {
    state.virtual_blocked = blocked;
  }
  return result;
}

int64_t SignalServices::sigprocmask(ProgramThread& thread, const x86::CpuContext& call) {
  if (call[x86::kR10] != sizeof(SignalSet)) return -EINVAL;
  const uint64_t wanted = call[x86::kRsi];
  const auto how = static_cast<int>(call[x86::kRdi]);
  SignalSet set = 0;
  if (wanted != 0 && !read_program(&set, wanted)) return -EFAULT;
  if (wanted != 0 && how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK) return -EINVAL;
  SignalSet before = 0;
  const auto result = change_mask_by_kernel(thread, wanted != 0 ? how : SIG_BLOCK, set, &before);
  if (result && *result != 0) return *result;
  if (!result) {
    before = program_mask(thread, exchange_mask(kAllSignals));
    change_mask(thread, wanted != 0 ? combine(how, before, set) : before);
  }
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
  set = (set | held_set(thread)) & program_mask(thread, kernel);
  return write_program(call[x86::kRdi], &set, size) ? 0 : -EFAULT;
}

int64_t SignalServices::sigtimedwait(ProgramThread& thread, const x86::CpuContext& call) {
  SyscallArguments arguments;
  arguments.number = __NR_rt_sigtimedwait;
  arguments.a[0] = call[x86::kRdi];
  arguments.a[1] = call[x86::kRsi];
  arguments.a[2] = call[x86::kRdx];
  arguments.a[3] = call[x86::kR10];
  // Before: the kernel has taken the signal out of its queue when it fails to tell of it.
  if (arguments.a[1] != 0) {
    runtime_.let_runtime_write(arguments.a[1]);
    runtime_.let_runtime_write(arguments.a[1] + sizeof(siginfo_t) - 1);
  }
  if (thread.signals->virtual_blocked != 0) return make_with_held(thread, arguments);
  return weft_syscall_gate(&arguments, thread.signal_pending);
}

int64_t SignalServices::make_call(ProgramThread& thread, const SyscallArguments& call) {
  if (makes_signalfd(call)) has_signalfd_.store(true, std::memory_order_relaxed);
  const SignalSet blocked = thread.signals->virtual_blocked;
  const bool shows = blocked != 0 && (has_signalfd_.load(std::memory_order_relaxed) ||
                                      (held_set(thread) & blocked) != 0);
  return shows ? make_with_held(thread, call) : weft_syscall_gate(&call, thread.signal_pending);
}

int64_t SignalServices::make_with_held(ProgramThread& thread, const SyscallArguments& call) {
  if (*thread.signal_pending != 0) return kInterruptedBeforeCall;
  const SignalSet mask = exchange_mask(kAllSignals);
  show_held(thread);
  exchange_mask(program_mask(thread, mask));
  const int64_t result = weft_syscall_gate(&call, thread.signal_pending);
  exchange_mask(kAllSignals);
  end_showing(thread);
  // One that ended the call is the program's, though it may be blocked but for the call.
  if (thread.signals->has_pending) {
    exchange_mask(kAsynchronousSignals);
  } else {
    change_mask(thread, program_mask(thread, mask));
  }
  return result;
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
  state.virtual_blocked = mask & kSynchronous;
  // What was taken from the kernel and is blocked now waits on.
  const int signal = state.has_pending ? state.pending.si_signo : 0;
  if (signal != 0 && !state.synchronous && (mask & set_of(signal)) != 0) give_back_pending(thread);
  siginfo_t info;
  if (state.has_pending) {
    state.mask_before = mask & ~kSynchronous;
  } else if (take_held(thread, ~mask, &info)) {
    make_pending(thread, info, false, mask);
  }
  exchange_mask(state.has_pending ? kAsynchronousSignals : mask & ~kSynchronous);
}

}  // namespace weft::linux
