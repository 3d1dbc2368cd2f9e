// The kernel threads that program threads run on: created through the host's libc, so that runtime
// and tool code has thread-local storage, on stacks of our own.
// One pool a process; any thread.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/fork_locks.h"
#include "base/spin_lock.h"
#include "linux/call/runtime.h"

namespace weft::linux {

class HostThreads {
 public:
  HostThreads() = default;
  HostThreads(const HostThreads&) = delete;
  HostThreads& operator=(const HostThreads&) = delete;

  /// What runs on a new host thread. Its return ends the kernel thread.
  using Body = void (*)(void* argument);

  /// Starts body(argument) on a new kernel thread with the caller's signal mask. 0 or -errno.
  int64_t start(Body body, void* argument);

  /// The lowest usable address of the stack that `frame` lies on; 0 if it is none of these.
  uint64_t stack_of(const void* frame);

  /// In the child of a fork, where only the calling thread is left. `reuse`: the stacks of the
  /// other threads may be used again (libc knows of the fork).
  void after_fork_child(bool reuse) NO_THREAD_SAFETY_ANALYSIS;  // the fork has all locks

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  /// One stack and what runs on it. Freed never, used again when its thread is gone.
  struct Stack {
    uint8_t* base = nullptr;  ///< above the guard page
    Body body = nullptr;
    void* argument = nullptr;
    /// 0: free. Else the thread is running, or (`finished`) has this number and is about to end.
    std::atomic<pid_t> tid{0};
    std::atomic<bool> finished{false};
  };

  static void* run(void* stack);
  Stack* take();
  static bool is_gone(const Stack& stack);

  SpinLock<LockRank::kHostThreads> lock_;
  std::vector<std::unique_ptr<Stack>> stacks_ GUARDED_BY(lock_);
  size_t next_ GUARDED_BY(lock_) = 0;  ///< where the search for a free stack goes on
};

}  // namespace weft::linux
