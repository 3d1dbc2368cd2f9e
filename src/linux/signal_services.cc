#include "linux/signal_services.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include "linux/raw_syscall.h"
#include "linux/signal_handler.h"

namespace weft::linux {
namespace {

constexpr size_t kHostStackSize = 96u << 10;
constexpr int kSynchronousSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

uint64_t as_word(int value) { return static_cast<uint64_t>(value); }

}  // namespace

SignalServices::SignalServices(SignalRuntime& runtime) : runtime_(runtime) {}
SignalServices::~SignalServices() = default;

void SignalServices::start() {
  set_signal_runtime(runtime_);
  for (int signal = 1; signal < kSignals; ++signal) {
    KernelAction inherited;
    raw_syscall(__NR_rt_sigaction, as_word(signal), 0, word(&inherited), sizeof(SignalSet));
    actions_[static_cast<size_t>(signal)].handler = inherited.handler;
  }
  for (const int signal : kSynchronousSignals) install_master_handler(signal, 0);
}

void SignalServices::attach_thread(ProgramThread& thread, const ProgramThread* parent) {
  auto* state = new SignalState;
  if (parent != nullptr) {
    state->virtual_blocked = parent->signals->virtual_blocked;
  } else {
    uint64_t mask = exchange_mask(asynchronous_signals());
    state->virtual_blocked = mask & kSynchronous;
    exchange_mask(mask & ~kSynchronous);
  }
  const int64_t memory =
      raw_syscall(__NR_mmap, 0, kHostStackSize + kPageSize, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, static_cast<uint64_t>(-1), 0);
  CHECK(!failed(memory));
  raw_syscall(__NR_mprotect, static_cast<uint64_t>(memory), kPageSize, PROT_NONE);
  state->host_stack = reinterpret_cast<void*>(memory);
  stack_t stack{};
  stack.ss_sp = reinterpret_cast<void*>(memory + static_cast<int64_t>(kPageSize));
  stack.ss_size = kHostStackSize;
  raw_syscall(__NR_sigaltstack, word(&stack), 0);
  thread.signals = state;
}

void SignalServices::detach_thread(ProgramThread& thread) {
  exchange_mask(~SignalSet{0});
  SignalState* state = thread.signals;
  thread.signals = nullptr;
  stack_t off{};
  off.ss_flags = SS_DISABLE;
  raw_syscall(__NR_sigaltstack, word(&off), 0);
  raw_syscall(__NR_munmap, word(state->host_stack), kHostStackSize + kPageSize);
  delete state;
}

void SignalServices::set_mask(ProgramThread& thread, SignalSet mask) {
  thread.signals->virtual_blocked = mask & kSynchronous;
  exchange_mask(mask & ~kSynchronous);
}

KernelAction SignalServices::action_of(int signal) {
  const std::lock_guard held(lock_);
  return actions_[static_cast<size_t>(signal)];
}

void SignalServices::install(int signal, const KernelAction& action) {
  if ((kSynchronous & set_of(signal)) != 0) return;  // ours from the start
  const auto handler = reinterpret_cast<sighandler_t>(action.handler);
  if (handler != SIG_DFL && handler != SIG_IGN) {
    install_master_handler(signal, action.flags);
    return;
  }
  raw_syscall(__NR_rt_sigaction, as_word(signal), word(&action), 0, sizeof(SignalSet));
}

void SignalServices::raise_fault(ProgramThread& thread, int signal, int code, uint64_t address) {
  siginfo_t info{};
  info.si_signo = signal;
  info.si_code = code;
  info.si_addr = reinterpret_cast<void*>(address);
  force(thread, info);
  SignalState& state = *thread.signals;
  constexpr uint64_t kPageFault = 14;
  constexpr uint64_t kGeneralProtection = 13;
  constexpr uint64_t kUserFetch = 0x14;  // user mode, instruction fetch
  state.fault_address = address;
  state.trap_number = code == SI_KERNEL ? kGeneralProtection : kPageFault;
  state.error_code = code == SI_KERNEL ? 0 : kUserFetch | (code == SEGV_ACCERR ? 1u : 0u);
}

void SignalServices::force(ProgramThread& thread, const siginfo_t& info) {
  SignalState& state = *thread.signals;
  const SignalSet mask = exchange_mask(asynchronous_signals());
  if (state.has_pending) {
    // It was not delivered yet: the kernel keeps it until after the fault.
    siginfo_t earlier = state.pending;
    raw_syscall(__NR_rt_tgsigqueueinfo, as_word(thread.pid), as_word(thread.tid),
                as_word(earlier.si_signo), word(&earlier));
  } else {
    state.mask_before = mask;
  }
  state.pending = info;
  state.synchronous = true;
  state.fault_address = state.trap_number = state.error_code = 0;
  state.has_pending = true;
  *thread.signal_pending = 1;
}

void SignalServices::die(ProgramThread& thread, int signal, siginfo_t& info) {
  runtime_.dying(thread, signal);
  KernelAction fallback;
  raw_syscall(__NR_rt_sigaction, as_word(signal), word(&fallback), 0, sizeof(SignalSet));
  raw_syscall(__NR_rt_tgsigqueueinfo, as_word(thread.pid), as_word(thread.tid), as_word(signal),
              word(&info));
  // The kernel takes si_code > 0 only from itself; the status is the same without it.
  raw_syscall(__NR_tgkill, as_word(thread.pid), as_word(thread.tid), as_word(signal));
  exchange_mask(~set_of(signal));
  constexpr uint64_t kSignalStatus = 128;
  for (;;) raw_syscall(__NR_exit_group, kSignalStatus + as_word(signal));
}

void SignalServices::after_fork_child(ProgramThread& thread) {
  SignalState& state = *thread.signals;
  if (!state.has_pending) return;
  state.has_pending = false;
  *thread.signal_pending = 0;
  exchange_mask(state.mask_before);
}

struct SignalServices::Saved final : Suspended {
  SignalState state;
  Actions actions;
  bool own_actions = false;
  stack_t alt_stack{};
};

std::unique_ptr<SignalCalls::Suspended> SignalServices::suspend(ProgramThread& thread,
                                                                bool own_actions) {
  auto saved = std::make_unique<Saved>();
  saved->state = *thread.signals;
  saved->own_actions = own_actions;
  saved->alt_stack = thread.alt_stack;
  const std::lock_guard held(lock_);
  saved->actions = actions_;
  return saved;
}

void SignalServices::resume(ProgramThread& thread, std::unique_ptr<Suspended> suspended) {
  auto& saved = static_cast<Saved&>(*suspended);
  // The parent was suspended with its signals blocked: what is queued here is the child's.
  *thread.signals = saved.state;
  thread.alt_stack = saved.alt_stack;
  if (!saved.own_actions) return;
  const std::lock_guard held(lock_);
  actions_ = saved.actions;
}

void SignalServices::reset_actions(ProgramThread&) {
  const std::lock_guard held(lock_);
  for (KernelAction& action : actions_) {
    if (action.handler != reinterpret_cast<uint64_t>(SIG_IGN)) action = {};
  }
}

uint64_t SignalServices::program_mask(const ProgramThread& thread, uint64_t kernel_mask) const {
  const SignalState& state = *thread.signals;
  return (state.has_pending ? state.mask_before : kernel_mask) | state.virtual_blocked;
}

void SignalServices::dispositions(uint64_t* ignored, uint64_t* caught) {
  *ignored = *caught = 0;
  const std::lock_guard held(lock_);
  for (int signal = 1; signal < kSignals; ++signal) {
    const auto handler =
        reinterpret_cast<sighandler_t>(actions_[static_cast<size_t>(signal)].handler);
    if (handler == SIG_IGN) *ignored |= set_of(signal);
    if (handler != SIG_IGN && handler != SIG_DFL) *caught |= set_of(signal);
  }
}

void SignalServices::prepare_exec(ProgramThread& thread) {
  // The kernel resets handlers by itself, ours included; what the program ignores it must ignore too.
  for (const int signal : kSynchronousSignals) {
    KernelAction action = action_of(signal);
    if (action.handler != reinterpret_cast<uint64_t>(SIG_IGN)) continue;
    raw_syscall(__NR_rt_sigaction, as_word(signal), word(&action), 0, sizeof(SignalSet));
  }
  exchange_mask(program_mask(thread, exchange_mask(asynchronous_signals())));
}

void SignalServices::undo_exec(ProgramThread& thread) {
  for (const int signal : kSynchronousSignals) install_master_handler(signal, 0);
  exchange_mask(exchange_mask(asynchronous_signals()) & ~kSynchronous);
  static_cast<void>(thread);
}

}  // namespace weft::linux
