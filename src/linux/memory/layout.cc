#include "linux/memory/layout.h"

#include <sys/mman.h>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

bool is_unused(AppRange range) {
  const int64_t got = raw_syscall(__NR_mmap, range.start.value, range.size(), PROT_NONE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
                                  static_cast<uint64_t>(-1), 0);
  if (failed(got)) return false;
  kernel::unmap(static_cast<uint64_t>(got), range.size());
  return static_cast<uint64_t>(got) == range.start.value;
}

}  // namespace

uint64_t place_code_cache(AppRange executable, bool dynamic, uint64_t size, const Zones& zones) {
  size = page_up(size);
  const bool low = executable.end.value < 2 * kGiB;
  if (dynamic || !low) {
    const AppRange place{{zones.code_cache}, {zones.code_cache + size}};
    return size <= kCodeCacheLimit && is_unused(place) ? place.start.value : 0;
  }
  // The break of a program at a low fixed address grows from its end: stay well clear of it.
  constexpr uint64_t kStep = 64ull << 20;
  for (uint64_t end = 0x7000'0000; end > executable.end.value + size + kStep; end -= kStep) {
    const AppRange place{{end - size}, {end}};
    if (is_unused(place)) return place.start.value;
  }
  return 0;
}

}  // namespace weft::linux
