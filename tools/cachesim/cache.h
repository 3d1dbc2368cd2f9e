// One cache of the model: sets of lines, the least recently used of which makes room. One thread at
// a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cachesim/geometry.h"
#include "weft/instruction.h"

namespace weft::tools {

class Cache {
 public:
  explicit Cache(const CacheGeometry& geometry)
      : ways_(geometry.ways),
        shift_(static_cast<uint32_t>(__builtin_ctzll(geometry.line))),
        mask_(geometry.sets() - 1),
        lines_(geometry.sets() * geometry.ways, kNone) {}

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

  bool misses_line(uint64_t line) {
    uint64_t* const set = &lines_[(line & mask_) * ways_];
    if (set[0] == line) [[likely]]
      return false;
    return misses_older(set, line);
  }

  /// Puts the line in front, and those in front of its place one further back.
  bool misses_older(uint64_t* set, uint64_t line) {
    ++changes_;
    uint64_t moved = set[0];
    for (uint32_t way = 1; way < ways_; ++way) {
      const uint64_t here = set[way];
      set[way] = moved;
      if (here == line) {
        set[0] = line;
        return false;
      }
      moved = here;
    }
    set[0] = line;
    return true;
  }

  uint32_t ways_;
  uint32_t shift_;
  uint64_t mask_;
  uint64_t changes_ = 1;
  std::vector<uint64_t> lines_;  ///< of each set, the one used last first
};

}  // namespace weft::tools
