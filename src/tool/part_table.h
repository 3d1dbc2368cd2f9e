// Which versions the parts of a block have, of blocks with more than fit into one fragment: those
// for values in a range, of one set of versions or of several. Owned by the host; any thread. Not
// signal-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/fork_locks.h"
#include "base/spin_lock.h"
#include "translate/instrument.h"
#include "weft/versions.h"

namespace weft::tool {

/// For which values a fragment has versions: those in all of the ranges.
class Box {
 public:
  static constexpr int64_t kLowest = std::numeric_limits<int32_t>::min();
  static constexpr int64_t kEnd = int64_t{std::numeric_limits<int32_t>::max()} + 1;

  /// Whether the values of the set are not all there.
  bool restricts(Versions set) const { return range_of(set) != nullptr; }
  bool holds(Versions set, int32_t value) const;
  /// The same box with that range, which is within its own, of the set.
  Box within(Versions set, int64_t from, int64_t end) const;
  /// Where the range of the set ends: the first value that is no longer in it.
  int64_t end_of(Versions set) const;

 private:
  struct Range {
    uint32_t set;
    int64_t from;
    int64_t end;
  };
  const Range* range_of(Versions set) const;

  std::vector<Range> ranges_;
};

class PartTable {
 public:
  using Starts = std::vector<translate::Parts::Start>;

  /// What part `part` of the block has; of 0, the block itself, all.
  Box box_of(AppPc tag, uint32_t part);
  /// Divides what a part has by the values of one set, `values`, which are its own, in order: into
  /// ranges with at most `most_values` of them, `most_ranges` at most. Each is a part. Parts that
  /// were made before stay as they are, for threads on their way there, but are led to no longer
  /// if they have come to more values. Empty: there are no more numbers.
  Starts divide(AppPc tag, uint32_t part, Versions set, const std::vector<int32_t>& values,
                size_t most_values, size_t most_ranges);

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  struct Block {
    std::vector<Box> boxes;                                  ///< of parts 1, 2, ...
    std::map<std::pair<uint32_t, uint32_t>, Starts> starts;  ///< by part and set
  };
  /// A part as it is divided.
  struct Division {
    Versions set;
    Box whole;
    const std::vector<int32_t>& values;
    size_t most_values;
  };
  /// Divides, if it has to be, the range from `start` to `end`, into `room` at most, which go to
  /// the end of `starts`. False: there are no more numbers.
  static bool divide_range(Block& block, const Division& division, translate::Parts::Start start,
                           int64_t end, size_t room, Starts& starts);

  SpinLock<LockRank::kParts> lock_;
  std::map<uint64_t, Block> blocks_ GUARDED_BY(lock_);  ///< by tag
};

}  // namespace weft::tool
