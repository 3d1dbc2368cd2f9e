// Who may still be looking at what was taken out: each thread announces the epoch in which it
// began. Slots belong to their threads and are registered while they live. Any thread; not
// signal-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/check.h"
#include "base/fork_locks.h"
#include "base/spin_lock.h"

namespace weft::cache {

/// One thread's announcement. Written by its thread only; read by whoever reclaims.
struct alignas(64) EpochSlot {
  EpochSlot() = default;
  EpochSlot(const EpochSlot&) = delete;
  EpochSlot& operator=(const EpochSlot&) = delete;

  std::atomic<uint64_t> announced{0};  ///< 0: quiescent
  uint32_t depth = 0;                  ///< of nested enter(); the owner's alone
  void* owner = nullptr;               ///< for the nudger; set before registration
};

class Epochs {
 public:
  static constexpr uint64_t kNobody = ~uint64_t{0};

  void register_thread(EpochSlot& slot);
  /// The slot must be quiescent.
  void unregister_thread(EpochSlot& slot);

  /// From here until leave() nothing that the thread can reach is reclaimed. May be nested.
  void enter(EpochSlot& slot);
  void leave(EpochSlot& slot);

  /// Ends the current epoch and returns the number of the next: what was made unreachable before
  /// this call may be freed once min_active() >= the returned number.
  uint64_t advance();
  uint64_t current() const { return current_.load(std::memory_order_seq_cst); }
  /// The oldest epoch that is announced, or kNobody.
  uint64_t min_active();
  /// What was retired at this epoch or an earlier one may be freed: nobody reaches it.
  uint64_t freeable();
  /// Calls `visit` for each registered slot that announces an epoch older than `epoch`. It must not
  /// register or unregister; the slot stays registered during the call.
  void for_each_older(uint64_t epoch, const std::function<void(EpochSlot&)>& visit);
  size_t registered() const;
  /// When it returns, no for_each_older() of another thread that may have seen the caller's slot
  /// announced is under way. The caller is quiescent and stays so.
  void settle();
  /// Calls `visit` for one slot that announces an epoch, if there is one and no other thread is at
  /// work on the list. Never waits: for signal handlers.
  template <class Visit>
  SIGNAL_SAFE void try_one_active(const Visit& visit) {
    if (!lock_.try_lock()) return;
    for (EpochSlot* slot : slots_) {
      if (slot->announced.load(std::memory_order_seq_cst) == 0) continue;
      visit(*slot);
      break;
    }
    lock_.unlock();
  }

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }
  /// In the child of a fork: no slot remains but `mine`.
  void forked(EpochSlot& mine);

 private:
  friend class EpochGuard;

  /// For readers without a slot of their own.
  static constexpr uint32_t kAnonymous = 512;
  static constexpr uint32_t kAnonymousPerLine = 8;
  std::atomic<uint64_t>& claim_anonymous();

  alignas(64) std::atomic<uint64_t> current_{1};
  alignas(64) std::array<std::atomic<uint64_t>, kAnonymous> anonymous_{};
  mutable SpinLock<LockRank::kEpochs> lock_;
  std::vector<EpochSlot*> slots_ GUARDED_BY(lock_);
};

/// Keeps what the thread can reach from being reclaimed, for a scope.
class EpochGuard {
 public:
  /// For any thread; costs one compare-and-swap.
  explicit EpochGuard(Epochs& epochs);
  /// For the owner of `slot`.
  EpochGuard(Epochs& epochs, EpochSlot& slot);
  ~EpochGuard();
  EpochGuard(const EpochGuard&) = delete;
  EpochGuard& operator=(const EpochGuard&) = delete;

 private:
  Epochs& epochs_;
  EpochSlot* slot_ = nullptr;
  std::atomic<uint64_t>* anonymous_ = nullptr;
};

}  // namespace weft::cache
