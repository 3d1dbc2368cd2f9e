#include "linux/memory/only_hole.h"

#include <sys/auxv.h>
#include <sys/mman.h>

#include "linux/kernel/raw_syscall.h"
#include "linux/memory/kernel_map.h"
#include "linux/memory/layout.h"

namespace weft::linux {
namespace {

/// Below the stack, which may grow: the kernel looks for places farther down than that.
constexpr uint64_t kStackRoom = 64u << 20;

}  // namespace

OnlyHole::OnlyHole(AppRange hole) {
  const AppRange above{hole.end, {kUserEnd}};
  const std::vector<AppRange> mapped = kernel_mappings(above);
  // Before the first is taken: the vector must not ask for memory in between.
  taken_.reserve(mapped.size());
  const AppPc in_stack{getauxval(AT_EXECFN)};
  AppPc free = hole.end;
  for (const AppRange& each : mapped) {
    const uint64_t room = each.contains(in_stack) ? kStackRoom : 0;
    if (each.start.value > free.value + room) take({free, {each.start.value - room}});
    if (each.end.value > free.value) free = each.end;
  }
}

OnlyHole::~OnlyHole() {
  for (const AppRange& each : taken_) {
    raw_syscall(__NR_munmap, each.start.value, each.size());
  }
}

void OnlyHole::take(AppRange free) {
  const int64_t got = raw_syscall(__NR_mmap, free.start.value, free.size(), PROT_NONE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
                                  static_cast<uint64_t>(-1), 0);
  if (failed(got)) return;
  taken_.push_back({{static_cast<uint64_t>(got)}, {static_cast<uint64_t>(got) + free.size()}});
}

}  // namespace weft::linux
