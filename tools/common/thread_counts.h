// What each thread counted, for reports: of threads that live, and of those that have ended.
// Owned by the tool; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "weft/tool.h"

namespace weft::tools {

struct ThreadCount {
  uint32_t number = 0;
  pid_t id = 0;
  std::vector<uint64_t> values;  ///< of the tallies, in the order of watch()
};

class ThreadCounts {
 public:
  void watch(Tally tally) { tallies_.push_back(tally); }

  void started(Thread& thread) {
    const std::lock_guard guard(mutex_);
    live_.push_back(&thread);
  }
  void ended(Thread& thread) {
    const std::lock_guard guard(mutex_);
    if (std::erase(live_, &thread) != 0) ended_.push_back(count(thread));
  }
  /// In the child of a fork, whose only thread this is.
  void restart(Process& process, Thread& thread) {
    const std::lock_guard guard(mutex_);
    for (const Tally tally : tallies_) process.reset(tally);
    ended_.clear();
    live_.assign(1, &thread);
  }
  /// By the threads' order of starting. Values of threads that run may be a moment old.
  std::vector<ThreadCount> all() {
    const std::lock_guard guard(mutex_);
    std::vector<ThreadCount> counts = ended_;
    for (const Thread* thread : live_) counts.push_back(count(*thread));
    std::sort(counts.begin(), counts.end(),
              [](const ThreadCount& a, const ThreadCount& b) { return a.number < b.number; });
    return counts;
  }

 private:
  ThreadCount count(const Thread& thread) const {
    ThreadCount result{thread.number(), thread.id(), {}};
    for (const Tally tally : tallies_) result.values.push_back(thread.get(tally));
    return result;
  }

  std::mutex mutex_;
  std::vector<Tally> tallies_;
  std::vector<const Thread*> live_;
  std::vector<ThreadCount> ended_;
};

}  // namespace weft::tools
