#include "linux/memory/core_areas.h"

#include <sys/mman.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <vector>

#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"

namespace weft::linux {
namespace {

void leave_out(AppRange range) {
  if (range.start.value >= range.end.value) return;
  raw_syscall(__NR_madvise, range.start.value, range.size(), MADV_DONTDUMP);
}

std::vector<AppRange> all_areas() {
  std::vector<AppRange> areas;
  std::FILE* maps = Surroundings::instance().open_proc_stream("/proc/thread-self/maps");
  if (maps == nullptr) return areas;
  char line[512];
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    AppRange range;
    // A path may be longer than a line here; its rest is no area.
    if (std::sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &range.start.value, &range.end.value) == 2) {
      areas.push_back(range);
    }
  }
  std::fclose(maps);
  return areas;
}

}  // namespace

void leave_runtime_out_of_core(const AddressSpace& space) {
  std::vector<AppRange> program;
  space.for_each([&program](const Mapping& mapping) {
    if (mapping.owner == Owner::kProgram) program.push_back(mapping.range);
  });
  for (const AppRange area : all_areas()) {
    AppPc from = area.start;
    auto next = std::find_if(program.begin(), program.end(),
                             [from](const AppRange& part) { return from < part.end; });
    for (; next != program.end() && next->start < area.end; ++next) {
      leave_out({from, next->start});
      from = next->end;
    }
    leave_out({from, area.end});
  }
}

}  // namespace weft::linux
