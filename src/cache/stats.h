// What the cache counts. Counters are striped, so that counting costs no shared line; sums are
// exact once nobody is at work. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <iterator>

#include "cache/code_cache.h"
#include "cache/stripe.h"

namespace weft::cache {

struct CodeCache::Stats {
  uint64_t fragments_made = 0;  ///< went live
  uint64_t fragments_resumed = 0;
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

  void add(const Stats& other);
};

/// A field without a row does not compile.
struct CacheStatistic {
  const char* name;
  uint64_t CodeCache::Stats::*field;
  const char* meaning;
};

inline constexpr CacheStatistic kCacheStatistics[] = {
    {"fragments_made", &CodeCache::Stats::fragments_made, "fragments that went live"},
    {"fragments_resumed", &CodeCache::Stats::fragments_resumed,
     "of these: in the run that a code image is of"},
    {"fragments_live", &CodeCache::Stats::fragments_live, "of these: live at the end"},
    {"fragments_dead", &CodeCache::Stats::fragments_dead, "of these: dead, not reclaimed yet"},
    {"reclaimed", &CodeCache::Stats::fragments_reclaimed, "of these: reclaimed"},
    {"discarded", &CodeCache::Stats::fragments_discarded,
     "fragments that were stale or too late, and never went live"},
    {"links_made", &CodeCache::Stats::links_made, "exits linked to their target, ever"},
    {"exits_linked", &CodeCache::Stats::exits_linked, "exits linked at the end"},
    {"exits_waiting", &CodeCache::Stats::exits_waiting, "exits that wait for their target"},
    {"tags", &CodeCache::Stats::tags, "tags that the cache knows"},
    {"hot_bytes", &CodeCache::Stats::hot_bytes, "code that runs, bytes"},
    {"cold_bytes", &CodeCache::Stats::cold_bytes, "stubs and other cold code, bytes"},
    {"metadata_bytes", &CodeCache::Stats::metadata_bytes, "records of the cache, bytes"},
    {"limbo_bytes", &CodeCache::Stats::limbo_bytes, "dead code that waits, bytes"},
    {"deletions", &CodeCache::Stats::deletions, "calls of deletion"},
    {"nudges", &CodeCache::Stats::nudges, "threads taken out of the cache"},
    {"lock_contention", &CodeCache::Stats::lock_contention, "tag locks that were not free at once"},
};
static_assert(std::size(kCacheStatistics) * sizeof(uint64_t) == sizeof(CodeCache::Stats),
              "each count has one row");

inline void CodeCache::Stats::add(const Stats& other) {
  for (const CacheStatistic& row : kCacheStatistics) this->*row.field += other.*row.field;
}

enum class Count : uint8_t {
  kMade,
  kResumed,
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
