#include "linux/signal/held.h"

#include <bit>
#include <ctime>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/handler.h"
#include "linux/signal/nudge.h"
#include "linux/signal/queue.h"

namespace weft::linux {
namespace {

size_t place_of(int signal) {
  return static_cast<size_t>(std::popcount(kSynchronous & (set_of(signal) - 1)));
}

int lowest(SignalSet set) { return std::countr_zero(set) + 1; }

template <typename Function>
void for_each_signal(SignalSet set, Function function) {
  for (; set != 0; set &= set - 1) function(lowest(set));
}

/// A kernel's or a fault's own signal is for its thread. In doubt the process: there any thread
/// that asks can see it.
bool is_for_process(const siginfo_t& info) { return info.si_code <= 0 && info.si_code != SI_TKILL; }

bool belongs_to_process(const ProgramThread& thread) {
  // A child of vfork is a process of one thread.
  return !thread.borrowed && thread.signals->of_process != nullptr;
}

/// What the kernel has pending of `signal` for the calling thread, which it blocks.
bool take_from_kernel(int signal, siginfo_t* info) {
  const SignalSet set = set_of(signal);
  const timespec at_once{};
  return !failed(
      raw_syscall(__NR_rt_sigtimedwait, word(&set), word(info), word(&at_once), sizeof set));
}

void hold_for_thread(SignalState& state, const siginfo_t& info) {
  const SignalSet bit = set_of(info.si_signo);
  if ((state.held_set & bit) != 0) return;
  state.held[place_of(info.si_signo)] = info;
  state.held_set = state.held_set | bit;
}

class AllBlocked {
 public:
  AllBlocked() = default;
  ~AllBlocked() { exchange_mask(before_); }
  AllBlocked(const AllBlocked&) = delete;
  AllBlocked& operator=(const AllBlocked&) = delete;

 private:
  SignalSet before_ = exchange_mask(kAllSignals);
};

}  // namespace

/// The lock, for handlers too: who has it has all signals blocked, so nobody waits for himself.
class SCOPED_CAPABILITY HeldSignals::Guard {
 public:
  explicit Guard(Lock& lock) ACQUIRE(lock) : lock_(lock) {
    while (!lock_.try_lock()) kernel::yield();
  }
  ~Guard() RELEASE() { lock_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  Lock& lock_;
};

void HeldSignals::add(ProgramThread& thread) {
  SignalState& state = *thread.signals;
  state.of_process = this;
  state.holding.tid = thread.tid;
  state.holding.blocked = &state.virtual_blocked;
  const AllBlocked no_handler;
  const Guard held(lock_);
  state.holding.next = threads_;
  threads_ = &state.holding;
}

void HeldSignals::remove(ProgramThread& thread) {
  const AllBlocked no_handler;
  const Guard held(lock_);
  for (ThreadHolding** at = &threads_; *at != nullptr; at = &(*at)->next) {
    if (*at != &thread.signals->holding) continue;
    *at = (*at)->next;
    return;
  }
}

void HeldSignals::reset(ProgramThread& thread) {
  ThreadHolding& holding = thread.signals->holding;
  const bool was_alone = threads_ == &holding && holding.next == nullptr && set_ == 0 &&
                         holding.shown == 0 && holding.copies == 0 && !lock_.is_held();
  // Most forks: what is not written need not be copied.
  if (was_alone) {
    holding.tid = thread.tid;
    return;
  }
  // Another thread of the parent may have held it.
  static_cast<void>(lock_.try_lock());
  lock_.unlock();
  set_ = 0;
  threads_ = nullptr;
  holding = {};
  add(thread);
}

void HeldSignals::send_copy(ThreadHolding& thread, int signal, bool to_itself) {
  const size_t place = place_of(signal);
  siginfo_t info = held_[place];
  // The kernel lets a thread send what it could have got from kill() to itself alone.
  if (!to_itself && info.si_code == SI_USER) info.si_code = SI_QUEUE;
  if (!send_to_thread(thread.tid, info)) return;
  thread.copies |= set_of(signal);
  thread.generations[place] = generations_[place];
}

void HeldSignals::hold(const siginfo_t& info) {
  const SignalSet bit = set_of(info.si_signo);
  const size_t place = place_of(info.si_signo);
  const Guard held(lock_);
  if ((set_ & bit) != 0) return;
  held_[place] = info;
  ++generations_[place];
  set_ = set_ | bit;
  // The kernel chose a thread without knowing what they block.
  for (ThreadHolding* thread = threads_; thread != nullptr; thread = thread->next) {
    if ((*thread->blocked & bit) != 0) continue;
    nudge_to_take_held(thread->tid, info.si_signo);
    return;
  }
  for (ThreadHolding* thread = threads_; thread != nullptr; thread = thread->next) {
    if ((thread->shown & ~thread->copies & bit) != 0) send_copy(*thread, info.si_signo, false);
  }
}

bool HeldSignals::take(SignalSet among, siginfo_t* info) {
  if ((set_ & among) == 0) return false;
  const Guard held(lock_);
  const SignalSet found = set_ & among;
  if (found == 0) return false;
  *info = held_[place_of(lowest(found))];
  set_ = set_ & ~set_of(lowest(found));
  return true;
}

void HeldSignals::show(ThreadHolding& thread, SignalSet shown) {
  const Guard held(lock_);
  thread.shown = shown;
  for (SignalSet left = set_ & shown & ~thread.copies; left != 0; left &= left - 1) {
    send_copy(thread, lowest(left), true);
  }
}

void HeldSignals::end_showing(ThreadHolding& thread) {
  const Guard held(lock_);
  thread.shown = 0;
  for (SignalSet left = thread.copies; left != 0; left &= left - 1) {
    const int signal = lowest(left);
    siginfo_t info;
    if (take_from_kernel(signal, &info)) continue;
    // The call has read it.
    const size_t place = place_of(signal);
    if (thread.generations[place] == generations_[place]) set_ = set_ & ~set_of(signal);
  }
  thread.copies = 0;
}

void hold(ProgramThread& thread, const siginfo_t& info) {
  SignalState& state = *thread.signals;
  const bool blocked = (state.virtual_blocked & set_of(info.si_signo)) != 0;
  if (blocked && is_for_process(info) && belongs_to_process(thread)) {
    state.of_process->hold(info);
  } else {
    hold_for_thread(state, info);
  }
}

bool take_held(ProgramThread& thread, SignalSet among, siginfo_t* info) {
  SignalState& state = *thread.signals;
  const SignalSet found = state.held_set & among;
  if (found == 0) return belongs_to_process(thread) && state.of_process->take(among, info);
  *info = state.held[place_of(lowest(found))];
  state.held_set = state.held_set & ~set_of(lowest(found));
  return true;
}

SignalSet held_set(const ProgramThread& thread) {
  const SignalState& state = *thread.signals;
  return state.held_set | (belongs_to_process(thread) ? state.of_process->set() : 0);
}

void show_held(ProgramThread& thread) {
  SignalState& state = *thread.signals;
  const SignalSet shown = state.virtual_blocked;
  const SignalSet own = state.held_set & shown;
  for_each_signal(own,
                  [&](int signal) { send_to_thread(thread.tid, state.held[place_of(signal)]); });
  state.held_set = state.held_set & ~own;
  // A thread has one place for each number: a copy beside its own would be lost.
  if (belongs_to_process(thread)) state.of_process->show(state.holding, shown & ~own);
}

void end_showing(ProgramThread& thread) {
  SignalState& state = *thread.signals;
  if (belongs_to_process(thread)) state.of_process->end_showing(state.holding);
}

}  // namespace weft::linux
