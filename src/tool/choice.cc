#include "tool/choice.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace weft::tool {

const ChosenSet* Choice::find(Versions versions) const {
  for (const ChosenSet& each : sets_) {
    if (each.versions.number() == versions.number()) return &each;
  }
  return nullptr;
}

const ChosenSet& Choice::add(Versions versions, BlockCases cases) {
  ChosenSet& set = sets_.emplace_back(ChosenSet{versions, std::move(cases), false});
  std::vector<int32_t>& values = set.cases.values;
  if (only_default_) set.cases = {};
  if (!box_.restricts(versions)) return set;
  set.is_restricted = true;
  std::erase_if(values, [&](int32_t value) { return !box_.holds(versions, value); });
  std::sort(values.begin(), values.end());
  return set;
}

size_t Choice::count() const {
  size_t count = 1;
  for (const ChosenSet& each : sets_) count *= each.cases.values.size() + 1;
  return count;
}

size_t Choice::position(const ChosenSet& set) const {
  size_t stride = 1;
  size_t at = sets_.size();
  while (&sets_[at - 1] != &set) stride *= sets_[--at].cases.values.size() + 1;
  return version_ / stride % (set.cases.values.size() + 1);
}

Case Choice::case_of(const ChosenSet& set) const {
  const size_t at = position(set);
  if (at == set.cases.values.size()) return {true, 0};
  return {false, set.cases.values[at]};
}

size_t Choice::largest() const {
  CHECK(!sets_.empty());
  const auto found = std::max_element(sets_.begin(), sets_.end(),
                                      [](const ChosenSet& one, const ChosenSet& other) {
                                        return one.cases.values.size() < other.cases.values.size();
                                      });
  return static_cast<size_t>(found - sets_.begin());
}

void Choice::cut_to(size_t most) {
  while (count() > most && !sets_[largest()].cases.values.empty()) {
    sets_[largest()].cases.values.pop_back();
  }
}

}  // namespace weft::tool
