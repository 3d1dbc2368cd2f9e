#include "engine/report.h"

#include <fmt/format.h>

#include <ctime>
#include <iterator>
#include <utility>
#include <vector>

#include "linux/kernel/raw_syscall.h"

namespace weft::engine {
namespace {

using Row = std::pair<const char*, uint64_t>;

std::vector<Row> rows(const Report& report) {
  std::vector<Row> all;
  for (const ThreadStatistic& row : kThreadStatistics) {
    all.emplace_back(row.name, report.counters.*row.field);
  }
  for (const cache::CacheStatistic& row : cache::kCacheStatistics) {
    all.emplace_back(row.name, report.cache.*row.field);
  }
  all.emplace_back("shadow_bytes", report.shadow_bytes);
  all.emplace_back("threads", report.threads);
  all.emplace_back("loading_ns", report.loading_ns);
  all.emplace_back("setup_ns", report.setup_ns);
  return all;
}

}  // namespace

uint64_t processor_time_ns() {
  timespec used{};
  linux::raw_syscall(__NR_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, linux::word(&used));
  constexpr uint64_t kSecond = 1'000'000'000;
  return static_cast<uint64_t>(used.tv_sec) * kSecond + static_cast<uint64_t>(used.tv_nsec);
}

std::string to_text(const Report& report) {
  std::string text = "weft: statistics\n";
  for (const auto& [name, value] : rows(report)) {
    fmt::format_to(std::back_inserter(text), "  {:<22}{:>14}\n", name, value);
  }
  return text;
}

std::string to_json(const Report& report) {
  std::string text = "{";
  const char* separator = "\n";
  for (const auto& [name, value] : rows(report)) {
    fmt::format_to(std::back_inserter(text), "{}  \"{}\": {}", separator, name, value);
    separator = ",\n";
  }
  return text + "\n}\n";
}

}  // namespace weft::engine
