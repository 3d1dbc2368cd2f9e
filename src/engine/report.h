// What a run did, as text for people and JSON for programs. Made once, when the program ends.
#pragma once

#include <string>

#include "cache/code_cache.h"
#include "cache/stats.h"
#include "engine/thread.h"

namespace weft::engine {

struct Report {
  ThreadCounters counters;
  cache::CodeCache::Stats cache;
  uint64_t shadow_bytes = 0;
  uint64_t threads = 0;
  uint64_t loading_ns = 0;  ///< processor time until main()
  uint64_t setup_ns = 0;    ///< and from there to the program's first instruction
};

/// That this process has used so far.
uint64_t processor_time_ns();

std::string to_text(const Report& report);
std::string to_json(const Report& report);

}  // namespace weft::engine
