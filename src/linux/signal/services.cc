#include "linux/signal/services.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "base/address.h"
#include "base/log.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/actions_lock.h"
#include "linux/signal/death.h"
#include "linux/signal/fault_details.h"
#include "linux/signal/handler.h"
#include "linux/signal/last_state.h"
#include "linux/signal/queue.h"

namespace weft::linux {
namespace {

constexpr size_t kHostStackSize = 96u << 10;
constexpr int kSynchronousSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

uint64_t as_word(int value) { return static_cast<uint64_t>(value); }

/// What is held for the program stays pending over execve.
void send_held(ProgramThread& thread) {
  siginfo_t info;
  while (take_held(thread, kSynchronous, &info)) send_to_thread(thread.tid, info);
}

}  // namespace

SignalServices::SignalServices(SignalRuntime& runtime) : runtime_(runtime) {}
SignalServices::~SignalServices() = default;

void SignalServices::start(bool last_words) {
  last_words_ = last_words;
  libc_.learn();
  xstate_.learn();
  set_signal_runtime(runtime_);
  const Locked held(lock_);
  for (int signal = 1; signal < kSignals; ++signal) {
    KernelAction inherited;
    raw_syscall(__NR_rt_sigaction, as_word(signal), 0, word(&inherited), sizeof(SignalSet));
    actions_[static_cast<size_t>(signal)].handler = inherited.handler;
  }
  for (int signal = 1; signal < kSignals; ++signal) {
    if (is_ours_by_default(signal, actions_[static_cast<size_t>(signal)])) {
      install_master_handler(signal, SA_RESTART);
    }
  }
}

bool SignalServices::is_ours_by_default(int signal, const KernelAction& action) const {
  const SignalSet bit = set_of(signal);
  if ((kSynchronous & bit) != 0) return true;
  const bool harmless = ((kIgnoredByDefault | kStopsByDefault | kUnblockable) & bit) != 0;
  // A core dump is to show the program's state.
  const bool wanted = last_words_ || (kDumpsCore & bit) != 0;
  return wanted && !harmless && action.handler == reinterpret_cast<uint64_t>(SIG_DFL);
}

void SignalServices::attach_thread(ProgramThread& thread, const ProgramThread* parent) {
  auto* state = new (thread.signals_room) SignalState;
  if (parent != nullptr) {
    state->virtual_blocked = parent->signals->virtual_blocked;
  } else {
    const SignalSet mask = exchange_mask(kAllSignals);
    state->virtual_blocked = mask & kSynchronous;
    exchange_mask(mask & ~kSynchronous);
    // A process begins so; its threads begin with SS_DISABLE. Frames show the difference.
    thread.alt_stack.ss_flags = 0;
  }
  state->host_stack = take_host_stack();
  thread.signals = state;
  held_.add(thread);
  attach_kernel_thread(thread);
}

void* SignalServices::take_host_stack() {
  {
    const Locked held(lock_);
    if (free_stacks_ != 0) return kept_stacks_[--free_stacks_];
  }
  const int64_t memory =
      raw_syscall(__NR_mmap, 0, kHostStackSize + kPageSize, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, static_cast<uint64_t>(-1), 0);
  CHECK(!failed(memory));
  raw_syscall(__NR_mprotect, static_cast<uint64_t>(memory), kPageSize, PROT_NONE);
  return reinterpret_cast<void*>(memory);
}

void SignalServices::leave_host_stack(void* stack) {
  {
    const Locked held(lock_);
    if (free_stacks_ < kept_stacks_.size()) {
      kept_stacks_[free_stacks_++] = stack;
      return;
    }
  }
  kernel::unmap(word(stack), kHostStackSize + kPageSize);
}

void SignalServices::attach_kernel_thread(ProgramThread& thread) {
  stack_t stack{};
  stack.ss_sp = static_cast<uint8_t*>(thread.signals->host_stack) + kPageSize;
  stack.ss_size = kHostStackSize;
  raw_syscall(__NR_sigaltstack, word(&stack), 0);
}

void SignalServices::detach_thread(ProgramThread& thread) {
  exchange_mask(kAllSignals);
  SignalState* state = thread.signals;
  give_back(thread);
  thread.signals = nullptr;
  stack_t off{};
  off.ss_flags = SS_DISABLE;
  raw_syscall(__NR_sigaltstack, word(&off), 0);
  leave_host_stack(state->host_stack);
}

void SignalServices::set_mask(ProgramThread& thread, SignalSet mask) {
  exchange_mask(kAllSignals);
  change_mask(thread, mask);
}

KernelAction& SignalServices::entry_of(const ProgramThread& thread, int signal) {
  KernelAction* const own = thread.signals->own_actions;
  return (own != nullptr ? own : actions_.data())[signal];
}

KernelAction SignalServices::action_of(const ProgramThread& thread, int signal) {
  const ActionsLock held(*this, thread);
  return entry_of(thread, signal);
}

void SignalServices::give_back(ProgramThread& thread) {
  held_.remove(thread);
  const SignalState& state = *thread.signals;
  if (!state.has_pending || state.synchronous || state.pending.si_code == SI_TKILL) return;
  raw_syscall(__NR_rt_sigqueueinfo, as_word(thread.pid), as_word(state.pending.si_signo),
              word(&state.pending));
}

void SignalServices::install(int signal, const KernelAction& action) {
  // What the program has no handler for, but we have, must not end its calls.
  if (has_handler(action)) {
    install_master_handler(signal, action.flags);
  } else if (is_ours_by_default(signal, action)) {
    install_master_handler(signal, SA_RESTART);
  } else {
    raw_syscall(__NR_rt_sigaction, as_word(signal), word(&action), 0, sizeof(SignalSet));
  }
}

void SignalServices::thread_made() {
  const SignalSet taken = libc_.taken();
  if (taken == 0) return;
  const Locked held(lock_);
  for (int signal = 1; signal < kSignals; ++signal) {
    if ((taken & set_of(signal)) != 0) install(signal, actions_[static_cast<size_t>(signal)]);
  }
}

void SignalServices::raise_fault(ProgramThread& thread, int signal, int code, uint64_t address) {
  siginfo_t info{};
  info.si_signo = signal;
  info.si_code = code;
  info.si_addr = reinterpret_cast<void*>(address);
  force(thread, info);
  describe_fault(*thread.signals, info, address == thread.context->rip);
}

void SignalServices::force(ProgramThread& thread, const siginfo_t& info) {
  const SignalSet mask = program_mask(thread, exchange_mask(kAllSignals));
  // Whatever was not delivered yet comes after it.
  give_back_pending(thread);
  make_pending(thread, info, true, mask);
  exchange_mask(kAsynchronousSignals);
}

void SignalServices::die(ProgramThread& thread, siginfo_t info) {
  const int signal = info.si_signo;
  WEFT_LOG(kInfo, "signal {} ends the process: code {}, address {}", signal, info.si_code,
           info.si_addr);
  if (!thread.borrowed) runtime_.dying(thread, signal);
  if ((kDumpsCore & set_of(signal)) == 0 || is_spared_by_sent_signals()) die_by_signal(info);
  // It waits until the thread has the program's registers: frames are written with SIGSEGV open.
  exchange_mask(kAllSignals);
  send_last_signal(info);
  end_as_program(thread, signal, xstate_, runtime_);
}

void SignalServices::after_fork_child(ProgramThread& thread) {
  // Nothing that was sent to the parent is pending in the child.
  SignalState& state = *thread.signals;
  if (state.held_set != 0) state.held_set = 0;
  held_.reset(thread);
  if (state.own_actions != nullptr) {
    // Forked by a child of vfork: its actions are those of a process now.
    std::copy_n(state.own_actions, kSignals, actions_.begin());
    state.own_actions = nullptr;
  }
  if (!state.has_pending) return;
  state.has_pending = false;
  *thread.signal_pending = 0;
  exchange_mask(state.mask_before);
}

struct SignalServices::Saved final : Suspended {
  SignalState state;
  Actions childs_actions;
  stack_t alt_stack{};
};

std::unique_ptr<SignalCalls::Suspended> SignalServices::suspend(ProgramThread& thread,
                                                                bool own_actions) {
  auto saved = std::make_unique<Saved>();
  saved->state = *thread.signals;
  saved->alt_stack = thread.alt_stack;
  thread.signals->held_set = 0;
  if (!own_actions) return saved;
  const ActionsLock held(*this, thread);
  std::copy_n(&entry_of(thread, 0), kSignals, saved->childs_actions.begin());
  thread.signals->own_actions = saved->childs_actions.data();
  return saved;
}

void SignalServices::begin_shared(ProgramThread& child, const ProgramThread& parent) {
  SignalState begun;
  held_.remove(child);
  begun.host_stack = child.signals->host_stack;
  begun.virtual_blocked = parent.signals->virtual_blocked;
  begun.own_actions = parent.signals->own_actions;
  *child.signals = begun;
  *child.signal_pending = 0;
}

void SignalServices::resume(ProgramThread& thread, std::unique_ptr<Suspended> suspended) {
  auto& saved = static_cast<Saved&>(*suspended);
  // The parent was suspended with its signals blocked: what is queued here is the child's.
  *thread.signals = saved.state;
  thread.alt_stack = saved.alt_stack;
}

void SignalServices::reset_actions(ProgramThread& thread) {
  // Not under the lock: a fork's child has it already, and the child of a vfork that asks for this
  // has the table to itself.
  for (int signal = 1; signal < kSignals; ++signal) {
    KernelAction& action = entry_of(thread, signal);
    if (!has_handler(action)) continue;
    action = {};
    install(signal, action);
  }
}

uint64_t SignalServices::program_mask(const ProgramThread& thread, uint64_t kernel_mask) const {
  const SignalState& state = *thread.signals;
  return (state.has_pending ? state.mask_before : kernel_mask) | state.virtual_blocked;
}

void SignalServices::dispositions(const ProgramThread& thread, uint64_t* ignored,
                                  uint64_t* caught) {
  *ignored = *caught = 0;
  const ActionsLock held(*this, thread);
  for (int signal = 1; signal < kSignals; ++signal) {
    const auto handler = reinterpret_cast<sighandler_t>(entry_of(thread, signal).handler);
    if (handler == SIG_IGN) *ignored |= set_of(signal);
    if (handler != SIG_IGN && handler != SIG_DFL) *caught |= set_of(signal);
  }
}

void SignalServices::prepare_exec(ProgramThread& thread) {
  // The kernel resets handlers by itself, ours included; what the program ignores it must ignore
  // too.
  for (const int signal : kSynchronousSignals) {
    KernelAction action = action_of(thread, signal);
    if (action.handler != reinterpret_cast<uint64_t>(SIG_IGN)) continue;
    raw_syscall(__NR_rt_sigaction, as_word(signal), word(&action), 0, sizeof(SignalSet));
  }
  // Nobody may ask the thread to take a signal any more: the next program has no handler.
  if (!thread.borrowed) held_.remove(thread);
  // With one pending the call will not be made.
  if (thread.signals->has_pending) return;
  const SignalSet mask = exchange_mask(kAllSignals);
  send_held(thread);
  exchange_mask(program_mask(thread, mask));
}

void SignalServices::undo_exec(ProgramThread& thread) {
  {
    const ActionsLock held(*this, thread);
    for (const int signal : kSynchronousSignals) install(signal, entry_of(thread, signal));
  }
  if (!thread.borrowed) held_.add(thread);
  exchange_mask(exchange_mask(kAllSignals) & ~kSynchronous);
}

}  // namespace weft::linux
