// Callbacks of one event. Registered and unregistered by any thread; called without a lock, so that
// a callback may do either.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace weft::dynamorio {

template <typename Callback>
class EventList {
 public:
  void add(Callback callback) {
    const std::lock_guard held(mutex_);
    std::vector<Callback> next = *current();
    next.push_back(callback);
    replace(std::move(next));
  }

  /// The one that was registered last. False: it is not there.
  bool remove(Callback callback) {
    const std::lock_guard held(mutex_);
    std::vector<Callback> next = *current();
    for (size_t i = next.size(); i-- > 0;) {
      if (next[i] != callback) continue;
      next.erase(next.begin() + static_cast<std::ptrdiff_t>(i));
      replace(std::move(next));
      return true;
    }
    return false;
  }

  bool empty() const { return current()->empty(); }

  /// The last first.
  template <typename Visit>
  void for_each(Visit visit) const {
    const std::vector<Callback>& callbacks = *current();
    for (size_t i = callbacks.size(); i-- > 0;) visit(callbacks[i]);
  }

 private:
  const std::vector<Callback>* current() const { return current_.load(std::memory_order_acquire); }

  /// Who is calling the old ones goes on with them: they are kept.
  void replace(std::vector<Callback> next) {
    kept_.push_back(std::make_unique<std::vector<Callback>>(std::move(next)));
    current_.store(kept_.back().get(), std::memory_order_release);
  }

  inline static const std::vector<Callback> kNone{};
  std::atomic<const std::vector<Callback>*> current_{&kNone};
  std::mutex mutex_;
  std::vector<std::unique_ptr<std::vector<Callback>>> kept_;  ///< under mutex_
};

}  // namespace weft::dynamorio
