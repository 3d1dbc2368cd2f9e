// A thread that deletes random live tags while the program runs (--stress-delete): to test the
// cache, and whatever relies on it, under far more deletions than any tool asks for. Owned by the
// engine.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>

#include "cache/code_cache.h"
#include "cache/epochs.h"

namespace weft::engine {

class StressDeleter {
 public:
  /// `rate`: deletions a second, infinity for as many as possible.
  StressDeleter(cache::CodeCache& cache, cache::Epochs& epochs, double rate, uint64_t seed);

  /// Starts the thread, with all signals blocked. It ends with the process; a forked child has
  /// none.
  void start();

 private:
  void run();
  /// Deletes a constituent, at any position, of some live fragment.
  void delete_one();

  cache::CodeCache& cache_;
  cache::Epochs& epochs_;
  double rate_;
  std::mt19937_64 random_;
};

}  // namespace weft::engine
