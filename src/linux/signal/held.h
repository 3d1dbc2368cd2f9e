// Signals of kSynchronous that somebody sent and that cannot be delivered yet. The kernel never
// blocks these while a thread runs, so what the program blocks waits here: in its thread's
// SignalState, or, if it was sent to the process, in HeldSignals, of which there is one. For the
// length of a call that can show pending signals (a signalfd, sigtimedwait) the kernel blocks them
// in earnest and has them back. By the thread concerned; what is SIGNAL_SAFE with all signals
// blocked.
#pragma once

#include <csignal>
#include <cstdint>

#include "base/check.h"
#include "base/spin_lock.h"
#include "linux/kernel/program_thread.h"
#include "linux/signal/state.h"

namespace weft::linux {

/// Keeps `info`. A second one of the same number is lost, as in the kernel.
SIGNAL_SAFE void hold(ProgramThread& thread, const siginfo_t& info);
/// Takes out the lowest held signal of `among`; false if there is none.
SIGNAL_SAFE bool take_held(ProgramThread& thread, SignalSet among, siginfo_t* info);
/// What is held for the thread or its process.
SIGNAL_SAFE SignalSet held_set(const ProgramThread& thread);

/// A call begins for whose length the kernel blocks the program's blocked signals: gives the thread
/// what is held of them.
SIGNAL_SAFE void show_held(ProgramThread& thread);
/// The call is over. What it left is held again once the kernel's mask lets it through.
SIGNAL_SAFE void end_showing(ProgramThread& thread);

/// Those of a process: any of its threads that does not block one gets it.
class HeldSignals {
 public:
  /// `thread` may be given signals of the process, until it is taken out.
  void add(ProgramThread& thread);
  void remove(ProgramThread& thread);
  /// In the child of a fork: none is held, and `thread` is the only one.
  void reset(ProgramThread& thread) NO_THREAD_SAFETY_ANALYSIS;

  SIGNAL_SAFE void hold(const siginfo_t& info);
  SIGNAL_SAFE bool take(SignalSet among, siginfo_t* info);
  SIGNAL_SAFE SignalSet set() const { return set_; }
  SIGNAL_SAFE void show(ThreadHolding& thread, SignalSet shown);
  SIGNAL_SAFE void end_showing(ThreadHolding& thread);

 private:
  class Guard;
  using Lock = SpinLock<LockRank::kHeldSignals>;

  void send_copy(ThreadHolding& thread, int signal, bool to_itself) REQUIRES(lock_);

  Lock lock_;
  ThreadHolding* threads_ GUARDED_BY(lock_) = nullptr;
  siginfo_t held_[kSynchronousCount] GUARDED_BY(lock_){};
  uint64_t generations_[kSynchronousCount] GUARDED_BY(
      lock_){};  ///< grow with each signal of the number
  volatile SignalSet set_ = 0;
};

}  // namespace weft::linux
