#include "linux/memory/only_hole.h"

#include <sys/auxv.h>
#include <sys/mman.h>

#include <cerrno>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/memory/kernel_map.h"
#include "linux/memory/layout.h"

namespace weft::linux {
namespace {

/// Below the stack, which may grow: the kernel looks for places farther down than that.
constexpr uint64_t kStackRoom = 64u << 20;
/// So many more ranges than there are free ones, if some of these are taken in pieces.
constexpr size_t kMostPieces = 256;

}  // namespace

OnlyHole::OnlyHole(AppRange hole) {
  // Another thread may have given something back meanwhile.
  constexpr int kTries = 4;
  for (int i = 0; i < kTries && !take_all_above(hole); ++i) {
  }
}

bool OnlyHole::take_all_above(AppRange hole) {
  const AppRange above{hole.end, {kUserEnd}};
  const std::vector<AppRange> mapped = kernel_mappings(above);
  // Before the first is taken: the vector must not ask for memory in between.
  taken_.reserve(taken_.size() + mapped.size() + kMostPieces);
  const AppPc in_stack{getauxval(AT_EXECFN)};
  AppPc free = hole.end;
  bool all = true;
  for (const AppRange& each : mapped) {
    const uint64_t room = each.contains(in_stack) ? kStackRoom : 0;
    if (each.start.value > free.value + room) all &= take({free, {each.start.value - room}});
    if (each.end.value > free.value) free = each.end;
  }
  return all;
}

OnlyHole::~OnlyHole() {
  for (const AppRange& each : taken_) {
    kernel::unmap(each);
  }
}

bool OnlyHole::take(AppRange free) {
  if (taken_.size() == taken_.capacity()) return false;
  const int64_t got = raw_syscall(__NR_mmap, free.start.value, free.size(), PROT_NONE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
                                  static_cast<uint64_t>(-1), 0);
  if (got == -EEXIST && free.size() > kPageSize) {
    // Another thread has mapped something there since it was seen to be free: all but that.
    const AppPc middle{page_down(free.start.value + free.size() / 2)};
    const bool lower = take({free.start, middle});
    return take({middle, free.end}) && lower;
  }
  if (failed(got)) return false;
  taken_.push_back({{static_cast<uint64_t>(got)}, {static_cast<uint64_t>(got) + free.size()}});
  return true;
}

}  // namespace weft::linux
