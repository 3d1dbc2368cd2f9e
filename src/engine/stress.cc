#include "engine/stress.h"

#include <chrono>
#include <thread>

#include "linux/signal_handler.h"

namespace weft::engine {

StressDeleter::StressDeleter(cache::CodeCache& cache, cache::Epochs& epochs, double rate,
                             uint64_t seed)
    : cache_(cache), epochs_(epochs), rate_(rate), random_(seed) {}

void StressDeleter::start() {
  // The new thread inherits the mask: the program's signals are never its own.
  const uint64_t mask = linux::exchange_mask(~uint64_t{0});
  std::thread([this] { run(); }).detach();
  linux::exchange_mask(mask);
}

void StressDeleter::run() {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  for (double done = 0;; ++done) {
    delete_one();
    cache_.reclaim();
    const std::chrono::duration<double> due(done / rate_);
    std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(due));
  }
}

void StressDeleter::delete_one() {
  AppPc tag;
  {
    const cache::EpochGuard guard(epochs_);
    const cache::Fragment* fragment = cache_.sample(random_());
    if (fragment == nullptr || fragment->constituent_count() == 0) return;
    tag = fragment->constituent_tag(random_() % fragment->constituent_count());
  }
  cache_.delete_fragment(tag);
}

}  // namespace weft::engine
