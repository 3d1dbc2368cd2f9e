// Callbacks in the order of their priorities. Changed by any thread; called without a lock, so that
// a callback may change it.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "drmgr.h"

namespace weft::dynamorio {

struct Priority {
  int number = 0;
  std::string name;
  std::string before;
  std::string after;

  Priority() = default;
  explicit Priority(const drmgr_priority_t* given) {
    if (given == nullptr) return;
    number = given->priority;
    if (given->name != nullptr) name = given->name;
    if (given->before != nullptr) before = given->before;
    if (given->after != nullptr) after = given->after;
  }
};

template <typename Entry>
class PriorityList {
 public:
  using Entries = std::vector<std::pair<Priority, Entry>>;

  /// False: no place is both before and behind those that it names.
  bool add(Priority priority, Entry entry) {
    const std::lock_guard held(mutex_);
    auto next = std::make_shared<Entries>(*entries_);
    size_t low = 0;
    size_t high = next->size();
    for (size_t i = 0; i < next->size(); ++i) {
      const std::string& name = (*next)[i].first.name;
      if (!priority.after.empty() && name == priority.after) low = std::max(low, i + 1);
      if (!priority.before.empty() && name == priority.before) high = std::min(high, i);
    }
    if (low > high) return false;
    size_t at = low;
    while (at < high && (*next)[at].first.number <= priority.number) ++at;
    next->insert(next->begin() + static_cast<std::ptrdiff_t>(at),
                 {std::move(priority), std::move(entry)});
    entries_ = std::move(next);
    return true;
  }

  template <typename Matches>
  bool remove(Matches matches) {
    const std::lock_guard held(mutex_);
    auto next = std::make_shared<Entries>(*entries_);
    const auto found = std::find_if(next->begin(), next->end(),
                                    [&](const auto& each) { return matches(each.second); });
    if (found == next->end()) return false;
    next->erase(found);
    entries_ = std::move(next);
    return true;
  }

  std::shared_ptr<const Entries> entries() const {
    const std::lock_guard held(mutex_);
    return entries_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Entries> entries_ = std::make_shared<Entries>();  ///< under mutex_
};

}  // namespace weft::dynamorio
