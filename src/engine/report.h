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
};

std::string to_text(const Report& report);
std::string to_json(const Report& report);

}  // namespace weft::engine
