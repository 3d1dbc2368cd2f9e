#include "linux/memory/low_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <optional>

#include "linux/memory/kernel_map.h"
#include "linux/memory/only_hole.h"

namespace weft::linux {

void* open_library_low(AddressSpace& space, const char* path) {
  constexpr int kFlags = RTLD_NOW | RTLD_LOCAL;
  constexpr uint64_t kRoom = 64u << 20;
  Placement placement;
  placement.size = kRoom;
  placement.low_2gb = true;
  const std::optional<AppPc> place = space.choose(placement);
  if (!place) return dlopen(path, kFlags);
  const AppRange hole{*place, *place + kRoom};
  void* handle = nullptr;
  {
    const OnlyHole only(hole);
    handle = dlopen(path, kFlags);
  }
  space.give_up(hole);
  Mapping mapping;
  mapping.owner = Owner::kRuntime;
  for (const AppRange& each : kernel_mappings(hole)) {
    mapping.range = each.intersection(hole);
    space.note_map(mapping);
  }
  return handle;
}

}  // namespace weft::linux
