// What one deletion costs in the cache layer: by incoming links, containing traces, fragments that
// have nothing to do with it, and threads at work meanwhile. Code is made up; rebuilding is not
// timed.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "../tests/unit/cache/fake_code.h"

namespace weft::cache::test {
namespace {

constexpr AppPc kVictim{0x1000};
constexpr uint64_t kMaxExits = 100;

AppPc bystander(uint64_t i) { return {0x10'0000'0000 + i * 0x80}; }
AppPc trace_head(uint64_t i) { return {0x20'0000'0000 + i * 0x80}; }
AppPc source(uint64_t i) { return {0x30'0000'0000 + i * 0x80}; }

/// Threads that stay busy in the cache as programs do: they enter, look up, build, leave.
class Program {
 public:
  Program(TestCache& t, int64_t threads) : t_(t) {
    for (int64_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this, i] { run(static_cast<uint64_t>(i)); });
    }
  }
  ~Program() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void run(uint64_t number) {
    EpochSlot slot;
    t_.epochs.register_thread(slot);
    for (uint64_t i = 0; !stop_; ++i) {
      t_.cache.reclaim();
      EpochGuard guard(t_.epochs, slot);
      for (uint64_t k = 0; k < 100; ++k) {
        benchmark::DoNotOptimize(t_.cache.find(bystander((number * 1000 + i + k) % 5000)));
      }
    }
    t_.epochs.unregister_thread(slot);
  }

  TestCache& t_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

void add_links(TestCache& t, uint64_t links) {
  for (uint64_t made = 0; made < links; made += kMaxExits) {
    t.block(source(made), std::vector<AppPc>(std::min(kMaxExits, links - made), kVictim));
  }
}

double percentile(std::vector<double>& seconds, double share) {
  const auto at = static_cast<size_t>(share * static_cast<double>(seconds.size() - 1));
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(at),
                   seconds.end());
  return seconds[at] * 1e6;
}

/// Arguments: links to the victim, traces that contain it, program threads, other fragments.
void delete_fragment(benchmark::State& state) {
  const auto links = static_cast<uint64_t>(state.range(0));
  const auto traces = static_cast<uint64_t>(state.range(1));
  const auto others = static_cast<uint64_t>(state.range(3));
  auto t = std::make_unique<TestCache>(256u << 20, 16u << 20);
  for (uint64_t i = 0; i < others; ++i) t->block(bystander(i), {bystander(i + 1)});
  add_links(*t, links);
  const uint64_t lasting = t->cache.stats().fragments_live;
  Program program(*t, state.range(2));
  std::vector<double> seconds;
  for (auto _ : state) {
    t->block(kVictim, {bystander(0), bystander(1)});
    for (uint64_t i = 0; i < traces; ++i) t->trace({trace_head(i), kVictim}, {bystander(2)});
    const auto start = std::chrono::steady_clock::now();
    const Deleted deleted = t->cache.delete_fragment(kVictim);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (deleted.containing != traces || !deleted.block) state.SkipWithError("not all was deleted");
    state.SetIterationTime(elapsed.count());
    seconds.push_back(elapsed.count());
    t->cache.reclaim();
  }
  const uint64_t collateral = lasting - t->cache.stats().fragments_live;
  state.counters["median_us"] = percentile(seconds, 0.5);
  state.counters["p99_us"] = percentile(seconds, 0.99);
  state.counters["max_us"] = percentile(seconds, 1.0);
  state.counters["collateral"] = static_cast<double>(collateral);
}
BENCHMARK(delete_fragment)
    ->UseManualTime()
    ->ArgNames({"links", "traces", "threads", "others"})
    ->ArgsProduct({{0, 10, 1000}, {0, 1, 100}, {1}, {5000}})
    ->ArgsProduct({{10}, {1}, {2, 4, 8, 16}, {5000}})
    ->Args({10, 1, 1, 200000});

void find(benchmark::State& state) {
  TestCache t(64u << 20);
  for (uint64_t i = 0; i < 5000; ++i) t.block(bystander(i));
  uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(t.cache.find(bystander(i++ % 5000)));
}
BENCHMARK(find);

void publish(benchmark::State& state) {
  TestCache t(256u << 20);
  for (auto _ : state) {
    t.block(kVictim, {bystander(0), bystander(1)});
    state.PauseTiming();
    t.cache.delete_fragment(kVictim);
    t.cache.reclaim();
    state.ResumeTiming();
  }
}
BENCHMARK(publish);

}  // namespace
}  // namespace weft::cache::test

BENCHMARK_MAIN();
