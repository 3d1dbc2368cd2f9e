// A four-byte lock for short critical sections: spins, then sleeps on a futex. Not recursive.
// Never taken in a signal handler. Satisfies BasicLockable, so std::lock_guard works.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/runtime_fs.h"

namespace weft {

class SpinLock {
 public:
  void lock() noexcept {
    uint32_t expected = kFree;
    // Acquire: what the last holder wrote must be seen by this one.
    if (!word_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire)) lock_slow();
  }
  bool try_lock() noexcept {
    uint32_t expected = kFree;
    return word_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire);
  }
  void unlock() noexcept {
    // Release: pairs with the acquire of the next holder.
    if (word_.exchange(kFree, std::memory_order_release) == kContended) wake_one();
  }

  bool is_held() const noexcept { return word_.load(std::memory_order_relaxed) != kFree; }

 private:
  static constexpr uint32_t kFree = 0;
  static constexpr uint32_t kHeld = 1;
  static constexpr uint32_t kContended = 2;

  void lock_slow() noexcept {
    need_runtime_fs();  // the futex call may set errno
    for (int spin = 0; spin < 100; ++spin) {
      __builtin_ia32_pause();
      if (word_.load(std::memory_order_relaxed) == kFree && try_lock()) return;
    }
    while (word_.exchange(kContended, std::memory_order_acquire) != kFree) {
      word_.wait(kContended, std::memory_order_relaxed);
    }
  }

  void wake_one() noexcept {
    need_runtime_fs();
    word_.notify_one();
  }

  std::atomic<uint32_t> word_{kFree};
};

}  // namespace weft
