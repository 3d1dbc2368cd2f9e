#include "linux/memory/kernel_map.h"

#include <cinttypes>
#include <cstdio>

#include "linux/kernel/surroundings.h"

namespace weft::linux {

std::vector<AppRange> kernel_mappings(AppRange within) {
  std::vector<AppRange> found;
  std::FILE* maps = Surroundings::instance().open_proc_stream("/proc/self/maps");
  if (maps == nullptr) return found;
  char line[512];
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    AppRange range;
    if (std::sscanf(line, "%" SCNx64 "-%" SCNx64, &range.start.value, &range.end.value) == 2 &&
        range.overlaps(within)) {
      found.push_back(range);
    }
  }
  std::fclose(maps);
  return found;
}

std::optional<AppRange> kernel_mapping(uint64_t address) {
  const std::vector<AppRange> found = kernel_mappings({{address}, {address + 1}});
  if (found.empty()) return std::nullopt;
  return found.front();
}

}  // namespace weft::linux
