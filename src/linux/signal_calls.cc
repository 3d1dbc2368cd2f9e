// The system calls about signals that cannot pass on, because the kernel's actions, alternate stacks and
// frames are ours.
#include <cerrno>
#include <cstring>
#include <mutex>

#include "linux/raw_syscall.h"
#include "linux/signal_frame.h"
#include "linux/signal_handler.h"
#include "linux/signal_services.h"
#include "linux/sys_program_memory.h"

namespace weft::linux {
namespace {

constexpr SignalSet kUnblockable = set_of(SIGKILL) | set_of(SIGSTOP);
constexpr int kAutoDisarm = static_cast<int>(1u << 31);

bool is_on(const stack_t& stack, uint64_t rsp) {
  if ((stack.ss_flags & SS_DISABLE) != 0) return false;
  return rsp - reinterpret_cast<uint64_t>(stack.ss_sp) < stack.ss_size;
}

}  // namespace

bool SignalServices::handles(int64_t number) const {
  switch (number) {
    case __NR_rt_sigaction:
    case __NR_rt_sigprocmask:
    case __NR_rt_sigreturn:
    case __NR_rt_sigpending:
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
  if (number == __NR_rt_sigaction) result = sigaction(context);
  if (number == __NR_rt_sigprocmask) result = sigprocmask(thread, context);
  if (number == __NR_rt_sigpending) result = sigpending(thread, context);
  if (number == __NR_sigaltstack) result = sigaltstack(thread, context);
  context[x86::kRax] = static_cast<uint64_t>(result);
  context[x86::kRcx] = context.rip;
  context[x86::kR11] = context.rflags;
  return Outcome::kContinue;
}

int64_t SignalServices::sigaction(const x86::CpuContext& call) {
  const auto signal = static_cast<int>(call[x86::kRdi]);
  const uint64_t wanted = call[x86::kRsi];
  const uint64_t old = call[x86::kRdx];
  if (call[x86::kR10] != sizeof(SignalSet)) return -EINVAL;
  if (signal < 1 || signal >= kSignals) return -EINVAL;
  if (wanted != 0 && (kUnblockable & set_of(signal)) != 0) return -EINVAL;
  KernelAction action;
  if (wanted != 0 && !read_program(&action, wanted)) return -EFAULT;
  KernelAction before;
  {
    const std::lock_guard held(lock_);
    KernelAction& entry = actions_[static_cast<size_t>(signal)];
    before = entry;
    if (wanted != 0) {
      action.mask &= ~kUnblockable;
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
  SignalState& state = *thread.signals;
  const SignalSet kernel = exchange_mask(asynchronous_signals());
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
  after &= ~kUnblockable;
  state.virtual_blocked = after & kSynchronous;
  if (state.has_pending) {
    state.mask_before = after & ~kSynchronous;
  } else {
    exchange_mask(after & ~kSynchronous);
  }
  if (result != 0) return result;
  const uint64_t old = call[x86::kRdx];
  if (old != 0 && !write_program(old, before)) return -EFAULT;
  return 0;
}

int64_t SignalServices::sigpending(ProgramThread& thread, const x86::CpuContext& call) {
  SignalSet set = 0;
  raw_syscall(__NR_rt_sigpending, word(&set), sizeof set);
  static_cast<void>(thread);
  const uint64_t size = call[x86::kRsi];
  if (size > sizeof(SignalSet)) return -EINVAL;
  return write_program(call[x86::kRdi], &set, size) ? 0 : -EFAULT;
}

int64_t SignalServices::sigaltstack(ProgramThread& thread, const x86::CpuContext& call) {
  const uint64_t wanted = call[x86::kRdi];
  const uint64_t old = call[x86::kRsi];
  const bool on_it = is_on(thread.alt_stack, call[x86::kRsp]);
  stack_t before = thread.alt_stack;
  if (on_it) before.ss_flags |= SS_ONSTACK;
  if (wanted != 0) {
    stack_t stack;
    if (!read_program(&stack, wanted)) return -EFAULT;
    if (on_it && (thread.alt_stack.ss_flags & kAutoDisarm) == 0) return -EPERM;
    const int mode = stack.ss_flags & ~kAutoDisarm;
    if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK) return -EINVAL;
    if (mode == SS_DISABLE) {
      stack.ss_sp = nullptr;
      stack.ss_size = 0;
    } else if (stack.ss_size < static_cast<size_t>(MINSIGSTKSZ)) {
      return -ENOMEM;
    } else {
      stack.ss_flags &= ~SS_ONSTACK;
    }
    thread.alt_stack = stack;
  }
  if (old != 0 && !write_program(old, before)) return -EFAULT;
  return 0;
}

}  // namespace weft::linux
