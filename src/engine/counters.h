// What a program thread counts, as one table: the field, its name in reports, its meaning. A field
// without a row does not compile. A thread changes its own counters only; sums are made when they
// are reported.
#pragma once

#include <cstdint>
#include <iterator>

namespace weft::engine {

struct ThreadCounters {
  uint64_t superblocks = 0;
  uint64_t modules_woken = 0;
  uint64_t modules_refused = 0;
  uint64_t traces = 0;
  uint64_t blocks = 0;
  uint64_t constants = 0;
  uint64_t instructions = 0;
  uint64_t app_bytes = 0;
  uint64_t translate_ns = 0;
  uint64_t publish_ns = 0;
  uint64_t link_exits = 0;
  uint64_t indirect_misses = 0;
  uint64_t shadow_faults = 0;
  uint64_t system_calls = 0;
  uint64_t emulated = 0;
  uint64_t signals_taken = 0;
  uint64_t code_writes = 0;
  uint64_t stores_emulated = 0;
  uint64_t pages_opened = 0;
  uint64_t pages_calmed = 0;
  uint64_t stale_checks = 0;
  uint64_t long_checks = 0;

  void add(const ThreadCounters& other);
};

struct ThreadStatistic {
  const char* name;
  uint64_t ThreadCounters::*field;
  const char* meaning;
};

inline constexpr ThreadStatistic kThreadStatistics[] = {
    {"superblocks", &ThreadCounters::superblocks, "superblocks built"},
    {"modules_woken", &ThreadCounters::modules_woken,
     "modules whose code came with a code image (`--persist`)"},
    {"modules_refused", &ThreadCounters::modules_refused,
     "modules that were not as the code image knows them"},
    {"traces", &ThreadCounters::traces, "traces built"},
    {"blocks", &ThreadCounters::blocks, "basic blocks in what was built"},
    {"constants", &ThreadCounters::constants, "slots that indirect branches were translated by"},
    {"instructions", &ThreadCounters::instructions, "program instructions translated"},
    {"app_bytes", &ThreadCounters::app_bytes, "program bytes translated"},
    {"translate_ns", &ThreadCounters::translate_ns, "processor time spent on translation, ns"},
    {"publish_ns", &ThreadCounters::publish_ns, "of this: on publication"},
    {"exits_to_dispatcher", &ThreadCounters::link_exits, "direct exits that were not linked yet"},
    {"indirect_misses", &ThreadCounters::indirect_misses,
     "indirect branches that came to the dispatcher"},
    {"shadow_faults", &ThreadCounters::shadow_faults,
     "indirect branches that met an unwritten shadow word"},
    {"syscalls", &ThreadCounters::system_calls, "system calls of the program"},
    {"emulated", &ThreadCounters::emulated, "instructions carried out by the dispatcher"},
    {"signals", &ThreadCounters::signals_taken, "signals delivered"},
    {"code_writes", &ThreadCounters::code_writes,
     "stores stopped by the protection of a page with code"},
    {"stores_emulated", &ThreadCounters::stores_emulated,
     "of these: carried out past the protection"},
    {"pages_opened", &ThreadCounters::pages_opened, "pages with code made writable"},
    {"pages_calmed", &ThreadCounters::pages_calmed, "pages that are no longer checked"},
    {"stale_checks", &ThreadCounters::stale_checks, "fragments that found their bytes changed"},
    {"long_checks", &ThreadCounters::long_checks,
     "exits of threads that ran checked fragments for long"},
};
static_assert(std::size(kThreadStatistics) * sizeof(uint64_t) == sizeof(ThreadCounters),
              "each counter has one row");

inline void ThreadCounters::add(const ThreadCounters& other) {
  for (const ThreadStatistic& row : kThreadStatistics) this->*row.field += other.*row.field;
}

}  // namespace weft::engine
