// What expressions give and maps hold. Values are values; Maps may be used by any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "trace/script.h"

namespace weft::tools::trace {

struct Value {
  bool is_text = false;
  int64_t number = 0;
  std::string text;

  static Value of(int64_t number) { return {false, number, {}}; }
  static Value of(std::string text) { return {true, 0, std::move(text)}; }
  bool truth() const { return is_text ? !text.empty() : number != 0; }
  std::string shown() const { return is_text ? text : std::to_string(number); }
  auto operator<=>(const Value&) const = default;
};

using Key = std::vector<Value>;

/// What a map has for one key: a value that was assigned, or what was put together of many.
struct Cell {
  Call kind = Call::kStr;  ///< kStr: `value`; else the aggregation
  Value value;
  int64_t count = 0;
  int64_t sum = 0;
  int64_t least = 0;
  int64_t most = 0;
  std::map<int64_t, uint64_t> buckets;  ///< by lower bound
  int64_t from = 0, to = 0, step = 0;   ///< kLhist: how it was asked for

  void add(Call call, int64_t amount);
  /// Of kHist: by powers of two. Of kLhist: by steps.
  void add_to_bucket(int64_t lower_bound);
};

/// The lower bound of the bucket of hist() that holds `number`: 0, 1, 2, 4, 8, ...; -1 for all
/// below 0.
int64_t power_bucket(int64_t number);
/// Of lhist(): below `from` its bucket is `from` - 1, from `to` on it is `to`.
int64_t step_bucket(int64_t number, int64_t from, int64_t to, int64_t step);

class Maps {
 public:
  template <typename Change>
  void change(const std::string& map, const Key& key, Change change) {
    const std::lock_guard held(mutex_);
    change(maps_[map][key]);
  }
  Value get(const std::string& map, const Key& key) const;
  void remove(const std::string& map, const Key& key);
  void clear(const std::string& map);
  void zero(const std::string& map);
  std::vector<std::string> names() const;
  /// A copy.
  std::map<Key, Cell> all(const std::string& map) const;
  void forget();

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::map<Key, Cell>> maps_;
};

}  // namespace weft::tools::trace
