// Small numbers for records: T by id, in chunks that never move. Ids are given out in runs and used
// again. Any thread; at() takes no lock and is signal-safe, the rest takes one short striped lock.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "base/check.h"
#include "base/spin_lock.h"
#include "cache/image_state.h"
#include "cache/record_memory.h"
#include "cache/stripe.h"

namespace weft::cache {

/// T's all-zero bytes are its initial value. Id 0 is never given out.
template <typename T>
class IdTable {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  static constexpr uint32_t kChunk = 4096;
  static constexpr uint32_t kMaxChunks = 16384;
  static constexpr uint32_t kLargestRun = kChunk - 1;

  explicit IdTable(RecordMemory& memory)
      : memory_(memory), chunks_(static_cast<std::atomic<Chunk*>*>(map_zeros(kTableBytes))) {}
  IdTable(const IdTable&) = delete;
  IdTable& operator=(const IdTable&) = delete;

  /// The first of `count` consecutive ids. Their records are as their last users left them. 0: none
  /// left.
  uint32_t take(uint32_t count) {
    DCHECK(count != 0 && count <= kLargestRun);
    const uint32_t mine = stripe_of_caller();
    Stripe& stripe = stripes_[mine];
    Locked held(stripe.lock);
    if (count < stripe.runs.size() && !stripe.runs[count].empty()) {
      const uint32_t first = stripe.runs[count].back();
      stripe.runs[count].pop_back();
      return first;
    }
    if (stripe.fresh_end - stripe.fresh < count && !start_chunk(stripe, mine)) return 0;
    const uint32_t first = stripe.fresh;
    stripe.fresh += count;
    return first;
  }

  void give(uint32_t first, uint32_t count) {
    // To the stripe it came from, or a thread that only frees would pile up what others need.
    Stripe& stripe = stripes_[chunk(first).stripe];
    Locked held(stripe.lock);
    add_run(stripe, first, count);
  }

  SIGNAL_SAFE T& at(uint32_t id) const { return chunk(id).records[id % kChunk]; }
  /// Every id ever given out is below.
  SIGNAL_SAFE uint32_t bound() const {
    return chunk_count_.load(std::memory_order_acquire) * kChunk;
  }
  uint64_t bytes() const { return uint64_t{bound()} * sizeof(T); }
  /// For debuggers: pointers to chunks, in which records begin at kRecordsOffset.
  const void* chunks() const { return chunks_.get(); }
  static constexpr size_t kRecordsOffset = std::max(alignof(T), sizeof(uint32_t));

  /// For a code image; nobody else is at work.
  void save(StateWriter& out) const {
    const uint32_t count = chunk_count_.load(std::memory_order_relaxed);
    out.put(count);
    for (uint32_t i = 0; i < count; ++i) out.put(chunks_[i].load(std::memory_order_relaxed));
    for (const Stripe& stripe : stripes_) {
      const Locked held(stripe.lock);
      out.put(stripe.fresh);
      out.put(stripe.fresh_end);
      out.put(uint64_t{stripe.runs.size()});
      for (const std::vector<uint32_t>& runs : stripe.runs) out.put_all(runs);
    }
  }
  void resume(StateReader& in) {
    const auto count = std::min(in.get<uint32_t>(), kMaxChunks);
    for (uint32_t i = 0; i < count; ++i) {
      chunks_[i].store(in.get<Chunk*>(), std::memory_order_release);
    }
    for (Stripe& stripe : stripes_) {
      const Locked held(stripe.lock);
      stripe.fresh = in.get<uint32_t>();
      stripe.fresh_end = in.get<uint32_t>();
      stripe.runs.resize(std::min<uint64_t>(in.get<uint64_t>(), kChunk));
      for (std::vector<uint32_t>& runs : stripe.runs) runs = in.get_all<uint32_t>();
    }
    chunk_count_.store(count, std::memory_order_release);
  }

 private:
  struct Chunk {
    uint32_t stripe;
    T records[kChunk];
  };
  struct alignas(kCacheLine) Stripe {
    mutable SpinLock<LockRank::kIds> lock;
    uint32_t fresh GUARDED_BY(lock) = 0;
    uint32_t fresh_end GUARDED_BY(lock) = 0;
    std::vector<std::vector<uint32_t>> runs GUARDED_BY(lock);  ///< free ones, by length
  };

  Chunk& chunk(uint32_t id) const { return *chunks_[id / kChunk].load(std::memory_order_acquire); }

  static void add_run(Stripe& stripe, uint32_t first, uint32_t count) REQUIRES(stripe.lock) {
    if (stripe.runs.size() <= count) stripe.runs.resize(count + 1);
    stripe.runs[count].push_back(first);
  }

  bool start_chunk(Stripe& stripe, uint32_t number) REQUIRES(stripe.lock) {
    Locked held(chunk_lock_);
    const uint32_t index = chunk_count_.load(std::memory_order_relaxed);
    if (index == kMaxChunks) return false;
    if (stripe.fresh != stripe.fresh_end) {
      add_run(stripe, stripe.fresh, stripe.fresh_end - stripe.fresh);
    }
    auto* made = static_cast<Chunk*>(memory_.take(sizeof(Chunk)));
    made->stripe = number;
    chunks_[index].store(made, std::memory_order_release);
    chunk_count_.store(index + 1, std::memory_order_release);
    stripe.fresh = index * kChunk + (index == 0 ? 1 : 0);
    stripe.fresh_end = (index + 1) * kChunk;
    return true;
  }

  RecordMemory& memory_;
  static constexpr size_t kTableBytes = kMaxChunks * sizeof(std::atomic<Chunk*>);
  struct Unmap {
    void operator()(void* memory) const { unmap_zeros(memory, kTableBytes); }
  };
  /// Most of its pages are never touched.
  std::unique_ptr<std::atomic<Chunk*>[], Unmap> chunks_;
  std::atomic<uint32_t> chunk_count_{0};
  SpinLock<LockRank::kIdChunks> chunk_lock_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace weft::cache
