// A four-byte lock for short critical sections: spins, then sleeps on a futex. Not recursive.
// Never taken in a signal handler. Its place in the order of locks is part of its type.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/lock_order.h"
#include "base/runtime_fs.h"
#include "base/thread_safety.h"

namespace weft {

/// The lock itself, without a place in the order.
class LockWord {
 public:
  void lock() noexcept {
    if (!try_lock()) lock_slow();
  }
  bool try_lock() noexcept {
    uint32_t expected = kFree;
    // Acquire: what the last holder wrote must be seen by this one.
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

template <LockRank kRank>
class CAPABILITY("lock") SpinLock {
 public:
  void lock() noexcept ACQUIRE() {
    note_wanted();
    word_.lock();
  }
  /// The same; `waits` counts the calls that found it held.
  void lock(std::atomic<uint64_t>* waits) noexcept ACQUIRE() {
    note_wanted();
    if (word_.try_lock()) return;
    if (waits != nullptr) waits->fetch_add(1, std::memory_order_relaxed);
    word_.lock();
  }
  /// Out of any order: who does not wait cannot wait for ever.
  bool try_lock() noexcept TRY_ACQUIRE(true) { return word_.try_lock(); }
  void unlock() noexcept RELEASE() {
    word_.unlock();
    if (lock_order::g_checked) [[unlikely]]
      lock_order::note_released(kRank);
  }
  bool is_held() const noexcept { return word_.is_held(); }

 private:
  static void note_wanted() noexcept {
    if (lock_order::g_checked) [[unlikely]]
      lock_order::note_wanted(kRank);
  }

  LockWord word_;
};

/// Holds a lock for a scope.
template <LockRank kRank>
class SCOPED_CAPABILITY Locked {
 public:
  explicit Locked(SpinLock<kRank>& lock) noexcept ACQUIRE(lock) : lock_(lock) { lock_.lock(); }
  ~Locked() RELEASE() { lock_.unlock(); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  SpinLock<kRank>& lock_;
};

}  // namespace weft
