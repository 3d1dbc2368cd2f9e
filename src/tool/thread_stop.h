// Stops the program's other threads for a while: outside of the code cache and of the tools' code,
// where their registers are known. One a process, owned by the host. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/spin_lock.h"
#include "tool/thread_view.h"

namespace weft::tool {

using HostLock = SpinLock<LockRank::kHost>;

class ThreadStop {
 public:
  /// `threads`: the host's, under `lock`.
  ThreadStop(HostLock& lock, const std::vector<std::unique_ptr<ThreadView>>& threads)
      : lock_(lock), threads_(threads) {}

  /// Waits until all threads but `self` (null: the caller is none of the program's) stand still, at
  /// most so long. False: not all of them came to a place where they can, and all go on.
  bool stop(ThreadView* self, uint64_t timeout_ns);
  void resume();
  /// The process ends: what can be stopped stays so.
  void stop_for_good(ThreadView* self, uint64_t timeout_ns);
  /// The calling thread waits for the process's end.
  [[noreturn]] static void stand_for_good(ThreadView& self);
  /// Those that stand still. Between stop() and resume(), for who called them.
  std::vector<ThreadView*> stopped();

  /// `view` is new. Under the lock, which the compiler does not know to be the host's.
  void add(ThreadView& view) const NO_THREAD_SAFETY_ANALYSIS;
  /// In the child of a fork.
  void forget();

 private:
  void take(ThreadView* self);
  bool wait_for_all(uint64_t timeout_ns);
  /// Those that do not stand still are made to.
  bool all_stand(bool nudge) REQUIRES(lock_);

  HostLock& lock_;
  const std::vector<std::unique_ptr<ThreadView>>& threads_ GUARDED_BY(lock_);
  std::atomic<bool> taken_{false};  ///< somebody stops threads
  bool on_ GUARDED_BY(lock_) = false;
  ThreadView* stopper_ GUARDED_BY(lock_) = nullptr;  ///< whose stop it is
};

}  // namespace weft::tool
