#include "tool/case_table.h"

#include <algorithm>

namespace weft::tool {
namespace {

constexpr int64_t kValueLimit = int64_t{1} << 30;

void set_countdown(uint64_t* countdown, uint64_t value) {
  __atomic_store_n(countdown, value, __ATOMIC_RELAXED);
}

}  // namespace

Versions CaseTable::add(VersionSet set) {
  sets_.push_back(std::move(set));
  return Versions(static_cast<uint32_t>(sets_.size() - 1));
}

bool CaseTable::is_full(const VersionSet& set, const Met& met) const {
  return met.values.size() >= set.options.most_dynamic;
}

uint8_t CaseTable::fixed_name(Versions versions) const {
  return static_cast<uint8_t>(set(versions).options.values.empty() ? 0 : versions.number() + 1);
}

uint8_t CaseTable::name_of(std::vector<Outcome> outcomes) {
  constexpr size_t kFirstName = 17;  // behind those of the sets
  if (outcomes.size() == 1) {
    const Outcome& only = outcomes.front();
    const std::vector<int32_t>& fixed = set(Versions(only.set)).options.values;
    if (!fixed.empty() && only.value == fixed.front()) return fixed_name(Versions(only.set));
  }
  std::sort(outcomes.begin(), outcomes.end());
  const Locked held(lock_);
  const auto found = names_.find(outcomes);
  if (found != names_.end()) return found->second;
  const size_t next = kFirstName + names_.size();
  if (next > UINT8_MAX) return 0;
  return names_[std::move(outcomes)] = static_cast<uint8_t>(next);
}

BlockCases CaseTable::cases_of(Versions versions, AppPc tag, const NewWord& new_word) {
  const VersionSet& chosen = set(versions);
  BlockCases cases{chosen.options.values, nullptr};
  if (chosen.options.most_dynamic == 0) return cases;
  const Locked held(lock_);
  Met& met = met_[{versions.number(), tag.value}];
  if (met.countdown == nullptr) {
    met.countdown = new_word();
    set_countdown(met.countdown, chosen.options.threshold);
  }
  cases.values.insert(cases.values.end(), met.values.begin(), met.values.end());
  if (!is_full(chosen, met)) cases.countdown = met.countdown;
  return cases;
}

bool CaseTable::insert(const VersionSet& set, Met& met, int32_t value) {
  const std::vector<int32_t>& known = set.options.values;
  if (std::find(known.begin(), known.end(), value) != known.end()) return false;
  const auto place = std::lower_bound(met.values.begin(), met.values.end(), value);
  if (is_full(set, met) || (place != met.values.end() && *place == value)) return false;
  met.values.insert(place, value);
  return true;
}

CaseTable::Meeting CaseTable::met(Versions versions, AppPc tag, int64_t value) {
  const VersionSet& chosen = set(versions);
  const Locked held(lock_);
  const auto found = met_.find({versions.number(), tag.value});
  if (found == met_.end()) return Meeting::kNone;
  Met& met = found->second;
  const bool possible = value > -kValueLimit && value < kValueLimit;
  // For threads that have not left the old code yet, even if the block gets no further case.
  set_countdown(met.countdown, chosen.options.threshold);
  if (!possible) return Meeting::kNone;
  const auto small = static_cast<int32_t>(value);
  if (insert(chosen, met, small)) {
    met.known = 0;
    return Meeting::kNew;
  }
  // More threads than that are hardly in the same block's old code.
  constexpr uint32_t kMostKnown = 64;
  const bool known = std::binary_search(met.values.begin(), met.values.end(), small);
  return known && met.known++ < kMostKnown ? Meeting::kKnown : Meeting::kNone;
}

bool CaseTable::spread(Versions versions, AppPc tag, int32_t value) {
  const VersionSet& chosen = set(versions);
  const Locked held(lock_);
  const auto found = met_.find({versions.number(), tag.value});
  return found != met_.end() && insert(chosen, found->second, value);
}

bool CaseTable::is_complete(AppPc tag) {
  const Locked held(lock_);
  return complete_.contains(tag.value);
}

void CaseTable::complete(AppPc tag) {
  const Locked held(lock_);
  complete_.insert(tag.value);
}

}  // namespace weft::tool
