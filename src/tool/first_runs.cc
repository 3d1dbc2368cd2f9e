#include "tool/first_runs.h"

#include "engine/engine.h"
#include "linux/signal/alarm.h"
#include "translate/set_once.h"

namespace weft::tool {
namespace {

/// CPU time after which a process is no longer young. Much shorter, and processes that are nearly
/// done would still pay for each of their blocks; longer, and the stores would be noticed.
constexpr int kYouth = 50;  // milliseconds

constexpr uint64_t kAnyMayWait = 1;
constexpr uint64_t kAnyAtOnce = 2;

}  // namespace

bool FirstRuns::waits(bool may_wait) {
  if (may_wait && is_young_.load(std::memory_order_relaxed)) {
    if (!any_may_wait_.exchange(true)) set_alarm();
    return true;
  }
  any_at_once_.store(true, std::memory_order_relaxed);
  return false;
}

void FirstRuns::settle() {
  if (!is_young_.exchange(false)) return;
  is_settled_ = true;
  if (any_may_wait_.load()) for_each_fragment(translate::settle_set_once);
}

uint64_t FirstRuns::put_back() {
  // Additions that wait are not taken out: of a process that is still young there is nothing to
  // look at.
  if (!any_at_once_.load() && !is_settled_.load()) return 0;
  uint64_t count = 0;
  for_each_fragment([&count](const cache::Fragment& fragment) {
    count += translate::put_back_set_once(fragment);
  });
  if (is_young_.load()) is_settled_ = false;
  return count;
}

void FirstRuns::forked() {
  is_young_ = true;
  if (any_may_wait_.load()) set_alarm();
}

uint64_t FirstRuns::state() const {
  return (any_may_wait_.load() ? kAnyMayWait : 0) | (any_at_once_.load() ? kAnyAtOnce : 0);
}

void FirstRuns::resume(uint64_t state) {
  any_at_once_ = (state & kAnyAtOnce) != 0;
  any_may_wait_ = (state & kAnyMayWait) != 0;
  if (any_may_wait_.load()) set_alarm();
}

void FirstRuns::set_alarm() { linux::set_cpu_alarm(kYouth); }

void FirstRuns::for_each_fragment(const std::function<void(const cache::Fragment&)>& visit) const {
  engine_->caches().for_each([&visit](const cache::CodeCache& cache) {
    cache.count_if([&visit](const cache::Fragment& fragment) {
      visit(fragment);
      return false;
    });
  });
}

}  // namespace weft::tool
