#include "engine/report.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>
#include <vector>

namespace weft::engine {
namespace {

using Row = std::pair<const char*, uint64_t>;

std::vector<Row> rows(const Report& report) {
  const ThreadCounters& counters = report.counters;
  const cache::CodeCache::Stats& cache = report.cache;
  return {{"fragments_made", cache.fragments_made},
          {"fragments_live", cache.fragments_live},
          {"superblocks", counters.superblocks},
          {"loaded", counters.loaded},
          {"rejected", counters.rejected},
          {"traces", counters.traces},
          {"blocks", counters.blocks},
          {"constants", counters.constants},
          {"instructions", counters.instructions},
          {"app_bytes", counters.app_bytes},
          {"hot_bytes", cache.hot_bytes},
          {"cold_bytes", cache.cold_bytes},
          {"metadata_bytes", cache.metadata_bytes},
          {"limbo_bytes", cache.limbo_bytes},
          {"links_made", cache.links_made},
          {"exits_to_dispatcher", counters.link_exits},
          {"indirect_misses", counters.indirect_misses},
          {"shadow_faults", counters.shadow_faults},
          {"shadow_bytes", report.shadow_bytes},
          {"syscalls", counters.system_calls},
          {"emulated", counters.emulated},
          {"signals", counters.signals_taken},
          {"code_writes", counters.code_writes},
          {"stores_emulated", counters.stores_emulated},
          {"pages_opened", counters.pages_opened},
          {"pages_calmed", counters.pages_calmed},
          {"stale_checks", counters.stale_checks},
          {"long_checks", counters.long_checks},
          {"translate_ns", counters.translate_ns},
          {"deletions", cache.deletions},
          {"fragments_dead", cache.fragments_dead},
          {"reclaimed", cache.fragments_reclaimed},
          {"nudges", cache.nudges},
          {"lock_contention", cache.lock_contention},
          {"threads", report.threads}};
}

}  // namespace

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
