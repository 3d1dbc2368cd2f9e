// The memory of thread objects. It goes from one to the next, and never back: a kernel thread that
// a tool made on one of the program's has that one's gs for as long as it lives, and finds out by
// the block there that it is none of the program's. Owned by the engine; any thread.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

#include "base/address.h"
#include "base/spin_lock.h"

namespace weft::engine {

class ThreadRooms {
 public:
  /// `lock`: of the list of threads, which a fork takes.
  explicit ThreadRooms(SpinLock<LockRank::kThreads>& lock) : lock_(lock) {}

  /// Room for `size` bytes at a page's start; the same size each time.
  void* take(size_t size) {
    {
      const Locked held(lock_);
      if (!free_.empty()) {
        void* const room = free_.back();
        free_.pop_back();
        return room;
      }
    }
    return ::operator new (size, std::align_val_t{kPageSize});
  }

  void give(void* room) {
    const Locked held(lock_);
    free_.push_back(room);
  }

 private:
  SpinLock<LockRank::kThreads>& lock_;
  std::vector<void*> free_ GUARDED_BY(lock_);
};

}  // namespace weft::engine
