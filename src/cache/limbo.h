// Dead fragments on their way to being freed: each waits until every thread that may be in it has
// been quiescent. Owns them meanwhile. Any thread; no waiting beyond a short lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/spin_lock.h"
#include "cache/code_barrier.h"
#include "cache/fragment_store.h"
#include "cache/operation_gate.h"
#include "cache/parts.h"

namespace weft::cache {

class Limbo {
 public:
  Limbo(Parts& parts, FragmentStore& store, OperationGate& gate)
      : parts_(parts), store_(store), gate_(gate) {}
  ~Limbo();

  void start() { barrier_.start(); }
  void set_nudger(std::function<void(EpochSlot&)> nudge) { nudge_ = std::move(nudge); }
  void set_listener(Listener* listener) { listener_ = listener; }

  /// Takes fragments that are Dead and cannot be reached any more. `heard_of`: a listener was told
  /// of their death and is to be told of their reclamation.
  void retire(std::span<Fragment* const> dead, bool heard_of);
  /// Frees what may be freed if enough has gathered; nudges slow threads if too much has. Outside
  /// any operation.
  void reclaim();
  void reclaim_now();
  /// Asks threads that stay in the cache to come out; not again before they have had time to.
  void nudge_slow_threads();
  bool over_bound() const { return bytes() > parts_.options.limbo_bound; }
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  /// In a child of fork: whoever was reclaiming is gone.
  void forget_reclaimer() { busy_.store(false, std::memory_order_relaxed); }

 private:
  /// Enough to be worth a barrier that interrupts every processor.
  static constexpr uint64_t kBatch = 128;
  static constexpr uint64_t kBatchBytes = 64u << 10;

  struct Item {
    uint64_t epoch;
    Fragment* fragment;
    bool heard_of;
  };
  struct alignas(kCacheLine) Stripe {
    SpinLock<LockRank::kLimbo> lock;
    std::vector<Item> items GUARDED_BY(lock);
  };

  static uint64_t weight(const Fragment& fragment);
  std::vector<Item> take_reclaimable();
  void free_items(const std::vector<Item>& items);

  Parts& parts_;
  FragmentStore& store_;
  OperationGate& gate_;
  CodeBarrier barrier_;
  Listener* listener_ = nullptr;
  std::function<void(EpochSlot&)> nudge_;
  std::array<Stripe, kStripes> stripes_;
  std::atomic<uint64_t> count_{0};
  std::atomic<uint64_t> bytes_{0};
  /// reclaim() does nothing below these; raised while a slow thread holds everything back.
  std::atomic<uint64_t> next_count_{kBatch};
  std::atomic<uint64_t> next_bytes_{kBatchBytes};
  std::atomic<int64_t> next_nudge_{0};  ///< on the steady clock, in ns
  std::atomic<bool> busy_{false};       ///< a thread is reclaiming
};

}  // namespace weft::cache
