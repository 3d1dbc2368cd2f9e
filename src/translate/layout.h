// Which instructions of the program a fragment has, and where. One builder's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.h"

namespace weft::translate {

class Layout {
 public:
  struct Place {
    AppPc pc;
    uint32_t hot_offset;
    uint32_t block;  ///< its constituent
  };

  void clear() {
    places_.clear();
    covered_ = {};
  }
  /// The block at `bytes` is emitted next.
  void add_block(AppRange bytes) {
    covered_ = places_.empty() ? bytes
                               : AppRange{std::min(covered_.start, bytes.start),
                                          std::max(covered_.end, bytes.end)};
  }
  /// An instruction of it, which is emitted next.
  void add(AppPc pc, uint32_t hot_offset, uint32_t block) {
    places_.push_back({pc, hot_offset, block});
  }
  bool empty() const { return places_.empty(); }
  size_t size() const { return places_.size(); }

  /// Null if the fragment has no instruction there.
  const Place* find(AppPc pc) const {
    if (!covered_.contains(pc)) return nullptr;
    const auto found = std::find_if(places_.begin(), places_.end(),
                                    [pc](const Place& place) { return place.pc == pc; });
    return found == places_.end() ? nullptr : &*found;
  }

 private:
  std::vector<Place> places_;
  AppRange covered_;
};

}  // namespace weft::translate
