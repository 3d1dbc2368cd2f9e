#include "trace/counts.h"

#include <algorithm>

namespace weft::tools::trace {
namespace {

bool is_constant(const Expression& key) {
  return key.kind == Expression::Kind::kText || key.kind == Expression::Kind::kNumber ||
         (key.kind == Expression::Kind::kBuiltin &&
          (key.builtin == Builtin::kProbe || key.builtin == Builtin::kFunction));
}

}  // namespace

bool Counts::can(const Action& action) {
  if (action.filter || action.body.size() != 1) return false;
  const Statement& only = action.body.front();
  return only.kind == Statement::Kind::kAssign && only.target->kind == Expression::Kind::kMap &&
         only.value->kind == Expression::Kind::kCall && only.value->call == Call::kCount &&
         std::all_of(only.target->operands.begin(), only.target->operands.end(),
                     [](const ExpressionPtr& key) { return is_constant(*key); });
}

void Counts::add(Insertion place, const Action& action, const Probe& probe,
                 const std::string& function) {
  constexpr size_t kMostTallies = 4;
  const Expression& target = *action.body.front().target;
  Place wanted{target.text, {}};
  for (const ExpressionPtr& key : target.operands) {
    if (key->kind == Expression::Kind::kBuiltin) {
      wanted.key.push_back(Value::of(key->builtin == Builtin::kProbe ? probe.text : function));
    } else {
      wanted.key.push_back(key->kind == Expression::Kind::kText ? Value::of(key->text)
                                                                : Value::of(key->number));
    }
  }
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
