#include "engine/stress.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <thread>

#include "cache/stats.h"
#include "linux/signal/handler.h"

namespace weft::engine {
namespace {

using Clock = std::chrono::steady_clock;

/// A descriptor out of the way of the program's.
int open_high(const char* path, int flags) {
  constexpr int kMode = 0644;
  constexpr int kHigh = 900;
  const int low = open(path, flags | O_CLOEXEC, kMode);
  if (low < 0) return -1;
  const int high = fcntl(low, F_DUPFD_CLOEXEC, kHigh);
  close(low);
  return high;
}

/// Turns a counter into numbers that look random (splitmix64).
uint64_t scramble(uint64_t value) {
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
  value = (value ^ value >> 27) * 0x94D049BB133111EBu;
  return value ^ value >> 31;
}

}  // namespace

StressDeleter::StressDeleter(const CacheSet& caches, cache::Epochs& epochs, const Options& options,
                             const CodeImages* images)
    : caches_(caches),
      epochs_(epochs),
      images_(images),
      options_(options),
      inside_(options.stress_inside),
      random_(options.stress_seed) {}

void StressDeleter::start() {
  open_log();
  if (inside_) return;
  // The new thread inherits the mask: the program's signals are never its own.
  const uint64_t mask = linux::exchange_mask(~uint64_t{0});
  std::thread([this] { run(); }).detach();
  linux::exchange_mask(mask);
}

void StressDeleter::open_log() {
  if (options_.stress_log.empty()) return;
  const std::string path = fmt::format("{}.{}", options_.stress_log, getpid());
  log_ = open_high(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
  memory_ = open_high("/proc/self/statm", O_RDONLY);
}

void StressDeleter::run() {
  // How many deletions go by without a look at the clock, where nothing else asks for one.
  constexpr uint64_t kUnwatched = 16;
  constexpr double kSamplePause = 0.1;
  const bool paced = options_.stress_delete < std::numeric_limits<double>::infinity();
  const auto start = Clock::now();
  uint64_t died = 0;
  double next_sample = 0;
  for (uint64_t done = 0;; ++done) {
    const auto [cache, tag] = choose(done, random_());
    if (log_ >= 0 && tag.value != 0) {
      const auto before = Clock::now();
      died += cache->delete_fragment(tag).any() ? 1 : 0;
      latencies_.add(static_cast<uint64_t>((Clock::now() - before).count()));
    } else if (tag.value != 0) {
      cache->delete_fragment(tag);
    }
    cache->reclaim();
    if (paced) {
      const std::chrono::duration<double> due(static_cast<double>(done) / options_.stress_delete);
      std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(due));
    }
    if (log_ < 0 || (!paced && done % kUnwatched != 0)) continue;
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (seconds < next_sample) continue;
    next_sample = seconds + kSamplePause;
    write_sample(seconds, done, died);
  }
}

StressDeleter::Choice StressDeleter::choose(uint64_t number, uint64_t random) const {
  const std::vector<uint64_t>& chosen = options_.stress_tags;
  const uint32_t count = caches_.size();
  if (!chosen.empty()) {
    return awake(caches_.at(static_cast<uint32_t>(number / chosen.size() % count)),
                 {chosen[number % chosen.size()]});
  }
  cache::CodeCache& cache = caches_.at(static_cast<uint32_t>(number % count));
  const cache::EpochGuard guard(epochs_);
  const cache::Fragment* fragment = cache.sample(guard, random);
  if (fragment == nullptr || fragment->constituent_count() == 0) return {&cache, {0}};
  return awake(cache, fragment->constituent_tag(scramble(random) % fragment->constituent_count()));
}

StressDeleter::Choice StressDeleter::awake(cache::CodeCache& cache, AppPc tag) const {
  return {&cache, images_ != nullptr && images_->is_asleep(byte_at(tag)) ? AppPc{0} : tag};
}

void StressDeleter::strike_now() {
  // A thread that deleted something whenever it comes here would delete faster than it builds: it
  // does so at every second time, or as seldom as the rate is below that of a million a second.
  constexpr double kFull = 1e6;
  const uint64_t number = strikes_.fetch_add(1, std::memory_order_relaxed);
  const uint64_t random = scramble(options_.stress_seed + number);
  const double share = options_.stress_delete < kFull ? options_.stress_delete / kFull : 1;
  if (static_cast<double>(random >> 11) * 0x1p-52 >= share) return;
  const auto [cache, tag] = choose(number, scramble(random));
  if (tag.value != 0) cache->delete_fragment(tag);
}

void StressDeleter::write_sample(double seconds, uint64_t asked, uint64_t died) {
  std::array<char, 64> text{};
  unsigned long long pages = 0;
  if (pread(memory_, text.data(), text.size() - 1, 0) > 0) {
    char* end = nullptr;
    std::strtoull(text.data(), &end, 10);
    pages = std::strtoull(end, nullptr, 10);
  }
  cache::CodeCache::Stats stats;
  caches_.for_each([&stats](const cache::CodeCache& cache) { stats.add(cache.stats()); });
  constexpr uint64_t kPageKilobytes = 4;
  const std::string line = fmt::format(
      "{:.3f} {} {} {} {} {} {} {} {} {} {}\n", seconds, asked, died, latencies_.quantile(0.5),
      latencies_.quantile(0.99), latencies_.max(), stats.hot_bytes + stats.cold_bytes,
      stats.limbo_bytes, stats.metadata_bytes, pages * kPageKilobytes, stats.nudges);
  // A line that cannot be written is missing in the log, which shows.
  static_cast<void>(!write(log_, line.data(), line.size()));
}

}  // namespace weft::engine
