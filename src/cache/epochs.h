// Epochs: who may still be executing, or reading about, what was deleted (epoch-based reclamation).
// A thread announces the epoch in which it entered the cache, and 0 when it is quiescent.
// Every function may be called by any thread; enter() and leave() are signal-safe for their own slot.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/check.h"
#include "base/spin_lock.h"

namespace weft::cache {

/// One thread's announcement. Owned by the thread, registered for as long as it may enter the cache.
struct EpochSlot {
  std::atomic<uint64_t> announced{0};
  void* owner = nullptr;  ///< for whoever nudges the thread
};

class Epochs {
 public:
  void register_slot(EpochSlot& slot);
  void unregister_slot(EpochSlot& slot);

  /// From here on the thread may follow links and shadow words. Not nested.
  SIGNAL_SAFE void enter(EpochSlot& slot) {
    // Sequentially consistent: a deleter that does not see the announcement has finished unlinking,
    // and what this thread reads from here on is what the deleter left.
    slot.announced.store(epoch_.load(std::memory_order_seq_cst), std::memory_order_seq_cst);
  }
  /// The thread holds no more cache addresses than its next exit will give it.
  SIGNAL_SAFE void leave(EpochSlot& slot) {
    // Release: all that the thread did in the cache comes before its quiescence.
    slot.announced.store(0, std::memory_order_release);
  }

  /// A stamp for what has just been made unreachable: it is safe to reuse once safe(stamp).
  uint64_t retire() { return epoch_.fetch_add(1, std::memory_order_seq_cst); }
  /// Everything retired with a smaller stamp is out of every thread's reach.
  uint64_t oldest_active() const;
  bool safe(uint64_t stamp) const { return stamp < oldest_active(); }

  /// Visits the slots that keep `stamp` from being safe. Their threads are alive meanwhile.
  void for_each_holding(uint64_t stamp, const std::function<void(EpochSlot&)>& visit) const;

  /// Around fork. In the child only `survivor` stays registered.
  void lock_for_fork() { lock_.lock(); }
  void unlock_after_fork(bool child, EpochSlot* survivor);

 private:
  friend class EpochGuard;
  static constexpr size_t kPins = 64;
  struct alignas(64) Pin {
    std::atomic<uint64_t> announced{0};
  };

  std::atomic<uint64_t> epoch_{1};
  mutable SpinLock lock_;
  std::vector<EpochSlot*> slots_;  ///< under lock_
  Pin pins_[kPins];                ///< for readers of metadata: see EpochGuard
};

/// Keeps what the cache's metadata points to alive while it is read, on any thread, without a slot.
class EpochGuard {
 public:
  explicit EpochGuard(Epochs& epochs);
  ~EpochGuard();
  EpochGuard(const EpochGuard&) = delete;
  EpochGuard& operator=(const EpochGuard&) = delete;

 private:
  Epochs::Pin* pin_;
};

}  // namespace weft::cache
