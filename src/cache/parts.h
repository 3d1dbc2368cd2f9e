// The structures that make up one code cache, for the operations that work on them together. Owned
// by the cache; each part says itself who may use it how.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "cache/code_cache.h"
#include "cache/code_space.h"
#include "cache/eviction_log.h"
#include "cache/exit.h"
#include "cache/interval_index.h"
#include "cache/record_memory.h"
#include "cache/record_pool.h"
#include "cache/region_log.h"
#include "cache/stats.h"
#include "cache/tag_table.h"

namespace weft::cache {

struct Parts {
  Parts(const CacheOptions& o, IndirectTargets& t, Epochs& e)
      : options(o), targets(t), epochs(e), memory(o.records), next_sequence(o.first_sequence) {}

  const CacheOptions options;
  IndirectTargets& targets;
  Epochs& epochs;
  CodeSpace space;
  RecordMemory memory;
  RecordPool records{memory};
  TagTable tags{memory, records};
  std::atomic<uint64_t> contention{0};
  TagLocks locks{&contention};
  ExitTable exits{memory};
  FragmentTable fragments{memory};
  IntervalIndex index{records};
  RegionLog regions;
  Counters counters;
  std::atomic<uint64_t> next_sequence;
  EvictionLog evictions;

  /// The lock of a fragment's list of entries and extra slots, and of its leaving the table. No
  /// other lock is taken under it.
  SpinLock<LockRank::kFragment>& fragment_lock(uint32_t id) {
    return fragment_locks_[id % kFragmentLocks].lock;
  }
  Fragment* fragment(uint32_t id) const {
    return id == 0 ? nullptr : fragments.at(id).load(std::memory_order_acquire);
  }
  /// The fragment of an id that the caller was not led to, if it is live. It stays until the
  /// caller's epoch ends. A dead one is in the table until it is freed, and may be freed while it
  /// is looked at, by who looked for epochs before the caller's began: hence the lock.
  Fragment* live_fragment(uint32_t id) {
    if (fragment(id) == nullptr) return nullptr;
    Locked held(fragment_lock(id));
    Fragment* const found = fragment(id);
    return found != nullptr && found->is_live() ? found : nullptr;
  }

 private:
  static constexpr uint32_t kFragmentLocks = 64;
  struct alignas(kCacheLine) Padded {
    SpinLock<LockRank::kFragment> lock;
  };
  std::array<Padded, kFragmentLocks> fragment_locks_;
};

/// What CodeCache::generation() returns: deletions of the tag, and when the bytes were about to be
/// read.
struct Generation {
  uint32_t of_tag;
  uint32_t moment;

  static Generation unpack(uint64_t word) {
    return {static_cast<uint32_t>(word), static_cast<uint32_t>(word >> 32)};
  }
  uint64_t pack() const { return uint64_t{moment} << 32 | of_tag; }
};

}  // namespace weft::cache
