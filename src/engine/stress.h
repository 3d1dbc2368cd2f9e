// Deletions for their own sake (--stress-delete): of random live tags or of chosen ones, by a
// thread of its own or by the program's threads from their dispatchers. To test the cache, and
// whatever relies on it, under far more deletions than any tool asks for, and to measure what they
// cost. Owned by the engine. Any thread, where a member does not say otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>

#include "cache/code_cache.h"
#include "cache/epochs.h"
#include "engine/cache_set.h"
#include "engine/code_images.h"
#include "engine/latencies.h"
#include "engine/options.h"

namespace weft::engine {

class StressDeleter {
 public:
  /// Options::stress_delete is not 0.
  /// `images`: null if there are none.
  StressDeleter(const CacheSet& caches, cache::Epochs& epochs, const Options& options,
                const CodeImages* images);

  /// Starts the thread, with all signals blocked, unless the program's threads are to do the work.
  /// It ends with the process; a forked child has none.
  void start();

  /// On a program thread that is quiescent: a random deletion, if the program's threads make them.
  void strike() {
    if (inside_) strike_now();
  }

 private:
  void run();
  struct Choice {
    cache::CodeCache* cache;
    AppPc tag;
  };
  /// In one of the caches: the next of the chosen tags, or a constituent, at any position, of some
  /// live fragment; 0 if none was met.
  Choice choose(uint64_t number, uint64_t random) const;
  /// What sleeps in an image is left alone.
  Choice awake(cache::CodeCache& cache, AppPc tag) const;
  void strike_now();
  void open_log();
  void write_sample(double seconds, uint64_t asked, uint64_t died);

  const CacheSet& caches_;
  cache::Epochs& epochs_;
  const CodeImages* const images_;
  const Options& options_;
  const bool inside_;
  std::mt19937_64 random_;            ///< the thread's
  Latencies latencies_;               ///< the thread's
  std::atomic<uint64_t> strikes_{0};  ///< from inside
  int log_ = -1;
  int memory_ = -1;  ///< /proc/self/statm
};

}  // namespace weft::engine
