#include "trace/counts.h"

#include "trace/sum_code.h"

namespace weft::tools::trace {
bool Counts::can(const Action& action) {
  const Statement* const sum = sum_of(action);
  return !action.filter && sum != nullptr && sum->value->call == Call::kCount;
}

void Counts::add(Insertion place, const CodeSite& site) {
  constexpr size_t kMostTallies = 4;
  const Expression& target = *site.action->body.front().target;
  Place wanted{target.text, {}};
  for (const ExpressionPtr& key : target.operands) wanted.key.push_back(constant_key(*key, site));
  const std::lock_guard held(mutex_);
  const auto tally = tallies_.find(wanted);
  if (tally != tallies_.end()) return place.add(tally->second.word);
  if (tallies_.size() < kMostTallies) {
    return place.add(tallies_[wanted].word = process_->new_tally());
  }
  const auto found = counters_.find(wanted);
  if (found != counters_.end()) return place.add_atomic(found->second.word);
  place.add_atomic(counters_[wanted].word = process_->new_counter());
}

void Counts::collect(Maps& maps) {
  const std::lock_guard held(mutex_);
  const auto put = [&](const Place& place, uint64_t& collected, uint64_t sum) {
    const uint64_t more = sum - collected;
    collected = sum;
    if (more == 0) return;
    maps.change(place.map, place.key, [&](Cell& cell) {
      cell.kind = Call::kCount;
      cell.count += static_cast<int64_t>(more);
    });
  };
  for (auto& [place, count] : tallies_) put(place, count.collected, process_->sum(count.word));
  for (auto& [place, count] : counters_) put(place, count.collected, count.word.get());
}

}  // namespace weft::tools::trace
