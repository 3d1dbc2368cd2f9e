// What the cache counts. Counters are striped, so that counting costs no shared line; sums are
// exact once nobody is at work. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "cache/code_cache.h"
#include "cache/stripe.h"

namespace weft::cache {

struct CodeCache::Stats {
  uint64_t fragments_made = 0;  ///< went live
  uint64_t fragments_live = 0;
  uint64_t fragments_dead = 0;  ///< died, and not reclaimed yet
  uint64_t fragments_reclaimed = 0;
  uint64_t fragments_discarded = 0;  ///< stale or too late; never went live
  uint64_t links_made = 0;
  uint64_t exits_linked = 0;
  uint64_t exits_waiting = 0;
  uint64_t tags = 0;
  uint64_t hot_bytes = 0;
  uint64_t cold_bytes = 0;
  uint64_t metadata_bytes = 0;
  uint64_t limbo_bytes = 0;
  uint64_t deletions = 0;  ///< calls of delete_fragment, delete_region, delete_all
  uint64_t nudges = 0;
  uint64_t lock_contention = 0;  ///< tag locks that were not free at once

  void add(const Stats& other) {
    fragments_made += other.fragments_made;
    fragments_live += other.fragments_live;
    fragments_dead += other.fragments_dead;
    fragments_reclaimed += other.fragments_reclaimed;
    fragments_discarded += other.fragments_discarded;
    links_made += other.links_made;
    exits_linked += other.exits_linked;
    exits_waiting += other.exits_waiting;
    tags += other.tags;
    hot_bytes += other.hot_bytes;
    cold_bytes += other.cold_bytes;
    metadata_bytes += other.metadata_bytes;
    limbo_bytes += other.limbo_bytes;
    deletions += other.deletions;
    nudges += other.nudges;
    lock_contention += other.lock_contention;
  }
};

enum class Count : uint8_t {
  kMade,
  kDiscarded,
  kDied,
  kReclaimed,
  kLinksMade,
  kLinked,      ///< exits now linked
  kRegistered,  ///< exits now with their target's entry
  kDeletions,
  kNudges,
  kFragmentBytes,  ///< of records in use
  kEnd,
};

class Counters {
 public:
  void add(Count what, int64_t delta = 1) {
    lines_[stripe_of_caller()].values[static_cast<size_t>(what)].fetch_add(
        delta, std::memory_order_relaxed);
  }
  uint64_t sum(Count what) const {
    int64_t sum = 0;
    for (const Line& line : lines_) {
      sum += line.values[static_cast<size_t>(what)].load(std::memory_order_relaxed);
    }
    return sum < 0 ? 0 : static_cast<uint64_t>(sum);
  }

 private:
  struct alignas(kCacheLine) Line {
    std::array<std::atomic<int64_t>, static_cast<size_t>(Count::kEnd)> values{};
  };
  std::array<Line, kStripes> lines_;
};

}  // namespace weft::cache
