// One cache of the model: sets of lines, the least recently used of which makes room. One thread at
// a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "cachesim/geometry.h"
#include "weft/instruction.h"

namespace weft::tools {

class Cache {
 public:
  explicit Cache(const CacheGeometry& geometry)
      : shift_(static_cast<uint32_t>(__builtin_ctzll(geometry.line))),
        mask_(geometry.sets() - 1),
        older_ways_(geometry.ways - 1),
        recent_(geometry.sets(), kNone),
        older_(geometry.sets() * older_ways_, kNone) {}

  /// Whether any byte of the access is in no line of the cache. They all are afterwards.
  bool misses(Address at, uint32_t size) {
    const uint64_t first = at >> shift_;
    const uint64_t last = (at + size - 1) >> shift_;
    const bool missed = misses_line(first);
    if (first == last) [[likely]]
      return missed;
    return misses_line(last) || missed;
  }

  /// Changes with every access but those of lines that were used last in their set.
  uint64_t changes() const { return changes_; }

 private:
  static constexpr uint64_t kNone = ~uint64_t{0};

  bool misses_line(uint64_t line) { return recent_[line & mask_] != line && misses_recent(line); }

  /// Puts the line in front, and those in front of its place one further back.
  [[gnu::noinline]] bool misses_recent(uint64_t line) {
    ++changes_;
    const uint64_t set = line & mask_;
    uint64_t moved = std::exchange(recent_[set], line);
    uint64_t* const older = older_.data() + set * older_ways_;
    for (uint32_t way = 0; way < older_ways_; ++way) {
      const uint64_t here = std::exchange(older[way], moved);
      if (here == line) return false;
      moved = here;
    }
    return true;
  }

  uint32_t shift_;
  uint64_t mask_;
  uint32_t older_ways_;
  uint64_t changes_ = 1;
  std::vector<uint64_t> recent_;  ///< the line of each set that was used last
  std::vector<uint64_t> older_;   ///< the others of each set, the one used last first
};

}  // namespace weft::tools
