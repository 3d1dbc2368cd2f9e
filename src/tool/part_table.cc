#include "tool/part_table.h"

#include <algorithm>

#include "cache/part.h"

namespace weft::tool {

using Start = translate::Parts::Start;

const Box::Range* Box::range_of(Versions set) const {
  for (const Range& each : ranges_) {
    if (each.set == set.number()) return &each;
  }
  return nullptr;
}

bool Box::holds(Versions set, int32_t value) const {
  const Range* const range = range_of(set);
  return range == nullptr || (value >= range->from && value < range->end);
}

int64_t Box::end_of(Versions set) const {
  const Range* const range = range_of(set);
  return range == nullptr ? kEnd : range->end;
}

Box Box::within(Versions set, int64_t from, int64_t end) const {
  Box box = *this;
  std::erase_if(box.ranges_, [&](const Range& each) { return each.set == set.number(); });
  box.ranges_.push_back({set.number(), from, end});
  return box;
}

Box PartTable::box_of(AppPc tag, uint32_t part) {
  if (part == 0) return {};
  const Locked held(lock_);
  return blocks_.at(tag.value).boxes.at(part - 1);
}

bool PartTable::divide_range(Block& block, const Division& division, Start start, int64_t end,
                             size_t room, Starts& starts) {
  const std::vector<int32_t>& values = division.values;
  const auto first = std::lower_bound(values.begin(), values.end(), start.from);
  const auto behind = std::lower_bound(first, values.end(), end,
                                       [](int32_t value, int64_t bound) { return value < bound; });
  const auto count = static_cast<size_t>(behind - first);
  if (start.part != 0 && (count <= division.most_values || room < 2)) {
    starts.push_back(start);
    return true;
  }
  // Half full, so that there is room for values that come.
  const size_t wanted = count / std::max<size_t>(division.most_values / 2, 1) + 1;
  const size_t pieces = std::min({wanted, room, std::max<size_t>(count, 1)});
  if (block.boxes.size() + pieces > cache::kMostParts) return false;
  const auto start_of = [&](size_t piece) {
    return *(first + static_cast<long>(piece * count / pieces));
  };
  for (size_t piece = 0; piece < pieces; ++piece) {
    const int32_t from = piece == 0 ? start.from : start_of(piece);
    const int64_t until = piece + 1 == pieces ? end : int64_t{start_of(piece + 1)};
    block.boxes.push_back(division.whole.within(division.set, from, until));
    starts.push_back({from, static_cast<uint32_t>(block.boxes.size())});
  }
  return true;
}

PartTable::Starts PartTable::divide(AppPc tag, uint32_t part, Versions set,
                                    const std::vector<int32_t>& values, size_t most_values,
                                    size_t most_ranges) {
  const Locked held(lock_);
  Block& block = blocks_[tag.value];
  const Division division{set, part == 0 ? Box() : block.boxes.at(part - 1), values, most_values};
  Starts& kept = block.starts[{part, set.number()}];
  const Starts before = kept.empty() ? Starts{{static_cast<int32_t>(Box::kLowest), 0}} : kept;
  Starts starts;
  for (size_t i = 0; i < before.size(); ++i) {
    const bool is_last = i + 1 == before.size();
    const int64_t end = is_last ? division.whole.end_of(set) : int64_t{before[i + 1].from};
    const size_t others = starts.size() + before.size() - i - 1;
    const size_t room = most_ranges > others ? most_ranges - others : 1;
    if (!divide_range(block, division, before[i], end, room, starts)) return {};
  }
  kept = starts;
  return starts;
}

}  // namespace weft::tool
