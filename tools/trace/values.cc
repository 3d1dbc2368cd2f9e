#include "trace/values.h"

#include <algorithm>
#include <bit>

namespace weft::tools::trace {

void Cell::add(Call call, int64_t amount) {
  kind = call;
  least = count == 0 ? amount : std::min(least, amount);
  most = count == 0 ? amount : std::max(most, amount);
  ++count;
  sum += amount;
}

void Cell::add_to_bucket(int64_t lower_bound) { ++buckets[lower_bound]; }

int64_t power_bucket(int64_t number) {
  if (number < 0) return -1;
  return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(number)));
}

int64_t step_bucket(int64_t number, int64_t from, int64_t to, int64_t step) {
  if (number < from) return from - 1;
  if (number >= to) return to;
  return from + (number - from) / step * step;
}

Value Maps::get(const std::string& map, const Key& key) const {
  const std::lock_guard held(mutex_);
  const auto found = maps_.find(map);
  if (found == maps_.end()) return {};
  const auto cell = found->second.find(key);
  if (cell == found->second.end()) return {};
  const Cell& at = cell->second;
  switch (at.kind) {
    case Call::kCount:
      return Value::of(at.count);
    case Call::kMin:
      return Value::of(at.least);
    case Call::kMax:
      return Value::of(at.most);
    case Call::kAvg:
    case Call::kStats:
      return Value::of(at.count == 0 ? 0 : at.sum / at.count);
    case Call::kStr:
      return at.value;
    default:
      return Value::of(at.sum);
  }
}

void Maps::remove(const std::string& map, const Key& key) {
  const std::lock_guard held(mutex_);
  const auto found = maps_.find(map);
  if (found != maps_.end()) found->second.erase(key);
}

void Maps::clear(const std::string& map) {
  const std::lock_guard held(mutex_);
  maps_.erase(map);
}

void Maps::zero(const std::string& map) {
  const std::lock_guard held(mutex_);
  const auto found = maps_.find(map);
  if (found == maps_.end()) return;
  for (auto& [key, cell] : found->second) {
    const Call kind = cell.kind;
    cell = Cell{};
    cell.kind = kind;
  }
}

std::vector<std::string> Maps::names() const {
  const std::lock_guard held(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, cells] : maps_) names.push_back(name);
  return names;
}

std::map<Key, Cell> Maps::all(const std::string& map) const {
  const std::lock_guard held(mutex_);
  const auto found = maps_.find(map);
  return found == maps_.end() ? std::map<Key, Cell>{} : found->second;
}

void Maps::forget() {
  const std::lock_guard held(mutex_);
  maps_.clear();
}

}  // namespace weft::tools::trace
