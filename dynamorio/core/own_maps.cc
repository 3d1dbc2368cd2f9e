#include "core/own_maps.h"

#include <cstdio>
#include <memory>

namespace weft::dynamorio {
namespace {

struct Close {
  void operator()(FILE* file) const { std::fclose(file); }
};

uint protection_of(const char* letters) {
  return (letters[0] == 'r' ? DR_MEMPROT_READ : 0u) | (letters[1] == 'w' ? DR_MEMPROT_WRITE : 0u) |
         (letters[2] == 'x' ? DR_MEMPROT_EXEC : 0u);
}

}  // namespace

std::optional<OwnMap> own_map_at(Address address) {
  const std::unique_ptr<FILE, Close> maps(std::fopen("/proc/self/maps", "re"));
  if (maps == nullptr) return std::nullopt;
  char* line = nullptr;
  size_t room = 0;
  std::optional<OwnMap> found;
  while (!found && getline(&line, &room, maps.get()) > 0) {
    OwnMap map;
    char letters[5] = {};
    unsigned long inode = 0;
    if (std::sscanf(line, "%lx-%lx %4s %*x %*s %lu", &map.range.start, &map.range.end, letters,
                    &inode) != 4) {
      continue;
    }
    if (!map.range.contains(address)) continue;
    map.protection = protection_of(letters);
    map.is_file = inode != 0;
    found = map;
  }
  std::free(line);
  return found;
}

}  // namespace weft::dynamorio
