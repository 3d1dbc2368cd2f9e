// mremap: in place, elsewhere, over something, or as a second view.

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "linux/call/memory/memory.h"
#include "linux/call/memory/ranges.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

int64_t remap_call(AppRange from, AppRange to, int flags) {
  return raw_syscall(__NR_mremap, from.start.value, from.size(), to.size(),
                     static_cast<uint64_t>(flags), to.start.value);
}

/// Whether the kernel moves several mappings by one call, as those from 6.17 on do: tried out.
bool kernel_moves_several() {
  static const bool moves = [] {
    constexpr uint64_t kPages = 2;
    const int64_t place = raw_syscall(__NR_mmap, 0, 2 * kPages * kPageSize, PROT_NONE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, ~uint64_t{0}, 0);
    if (failed(place)) return false;
    const AppPc start{static_cast<uint64_t>(place)};
    const AppPc middle = start + kPages * kPageSize;
    raw_syscall(__NR_mprotect, start.value, kPageSize, PROT_READ);
    const bool moved = !failed(remap_call({start, middle}, {middle, middle + kPages * kPageSize},
                                          MREMAP_MAYMOVE | MREMAP_FIXED));
    kernel::unmap(start.value, 2 * kPages * kPageSize);
    return moved;
  }();
  return moves;
}

}  // namespace

int64_t MemoryCalls::remap(uint64_t old_address, uint64_t old_size, uint64_t new_size, int flags,
                           uint64_t new_address) {
  const AppRange from = range_of(old_address, page_up(old_size));
  if (moves_several(from, new_size, flags, new_address)) {
    return remap_several(from, range_of(new_address, new_size), flags);
  }
  const uint64_t probed = std::max(from.size(), kPageSize);
  if (!aligned(old_address) || !possible(old_address, probed) ||
      !owns(range_of(old_address, probed))) {
    return raw_syscall(__NR_mremap, nowhere(old_address), old_size, new_size,
                       static_cast<uint64_t>(flags), new_address);
  }
  const bool fixed = (flags & MREMAP_FIXED) != 0;
  const bool may_move = (flags & MREMAP_MAYMOVE) != 0;
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0 || new_size == 0 ||
      !possible(0, new_size) || ((fixed || (flags & MREMAP_DONTUNMAP) != 0) && !may_move)) {
    return -EINVAL;
  }
  const uint64_t size = page_up(new_size);
  const bool keeps_old = (flags & MREMAP_DONTUNMAP) != 0 || from.empty();
  const uint64_t more = keeps_old ? size : size - std::min(size, from.size());
  const auto mapping = space_.find(from.start);
  if (mapping && !allows_data(more, mapping->prot, mapping->flags)) return -ENOMEM;
  // Pages that are read-only on the runtime's account would move as such, and split the mapping.
  if (holds_code(from)) runtime_.effective_protection(from, PROT_NONE);
  if (fixed) {
    if (!aligned(new_address) || !possible(new_address, size)) return -EINVAL;
    return remap_fixed(from, range_of(new_address, size), flags);
  }
  const AppRange in_place = range_of(old_address, size);
  if ((flags & MREMAP_DONTUNMAP) == 0 && !from.empty()) {
    if (in_place.end <= from.end) return remap_shrink(from, in_place);
  }
  return remap_grow(from, size, flags);
}

bool MemoryCalls::moves_several(AppRange from, uint64_t new_size, int flags,
                                uint64_t new_address) const {
  constexpr int kNeeded = MREMAP_MAYMOVE | MREMAP_FIXED;
  const bool moves =
      (flags & ~MREMAP_DONTUNMAP) == kNeeded && new_size != 0 && page_up(new_size) == from.size();
  if (!moves || !aligned(from.start.value) || !possible(from.start.value, from.size()) ||
      !aligned(new_address) || !possible(new_address, from.size()) ||
      from.overlaps(range_of(new_address, new_size))) {
    return false;
  }
  const auto first = space_.find(from.start);
  return first && first->owner == Owner::kProgram && first->range.end < from.end &&
         kernel_moves_several();
}

// One after the other, as the kernel does it: holes among them may be the runtime's.
int64_t MemoryCalls::remap_several(AppRange from, AppRange to, int flags) {
  auto result = static_cast<int64_t>(to.start.value);
  for_each_in(from, [&](const Mapping& mapping, AppRange part) {
    if (failed(result)) return;
    const AppPc place = to.start + (part.start - from.start);
    const uint64_t more = (flags & MREMAP_DONTUNMAP) != 0 ? part.size() : 0;
    if (!allows_data(more, mapping.prot, mapping.flags)) {
      result = -ENOMEM;
      return;
    }
    if (mapping.executable()) runtime_.effective_protection(part, PROT_NONE);
    const int64_t moved = remap_fixed(part, {place, place + part.size()}, flags);
    if (failed(moved)) result = moved;
  });
  return result;
}

int64_t MemoryCalls::remap_shrink(AppRange from, AppRange to) {
  const AppRange tail{to.end, from.end};
  const int64_t result = raw_syscall(__NR_mremap, from.start.value, from.size(), to.size(), 0, 0);
  if (failed(result) || tail.empty()) return result;
  const bool code = feeds_translation(tail);
  if (code) runtime_.code_changed(tail);
  space_.note_unmap(tail);
  if (code) runtime_.code_unmapped(tail);
  return result;
}

int64_t MemoryCalls::remap_fixed(AppRange from, AppRange to, int flags) {
  if (from.overlaps(to)) return -EINVAL;
  std::vector<AppRange> claimed;
  if (!space_.program_covers(to)) {
    const int64_t error = claim(to, claimed);
    if (error != 0) return error;
  }
  const int64_t result = remap_call(from, to, flags);
  if (failed(result)) {
    for (const AppRange& gap : claimed) kernel::unmap(gap);
    return result;
  }
  note_remapped(from, to, (flags & MREMAP_DONTUNMAP) != 0);
  return result;
}

int64_t MemoryCalls::remap_grow(AppRange from, uint64_t new_size, int flags) {
  const bool keep_old = (flags & MREMAP_DONTUNMAP) != 0 || from.empty();
  const AppRange tail{from.end, from.start + new_size};
  if (!keep_old && possible(from.start.value, new_size) && space_.is_free(tail)) {
    const int64_t result = raw_syscall(__NR_mremap, from.start.value, from.size(), new_size, 0, 0);
    if (!failed(result)) {
      space_.note_remap(from, {from.start, tail.end}, false);
      return result;
    }
    if (result != -ENOMEM) return result;
  }
  if ((flags & MREMAP_MAYMOVE) == 0) {
    if (!from.empty()) return -ENOMEM;
    return raw_syscall(__NR_mremap, from.start.value, 0, new_size, 0, 0);
  }

  const auto mapping = space_.find(from.start);
  Placement placement;
  placement.size = new_size;
  placement.prot = mapping ? mapping->prot : PROT_READ | PROT_WRITE;
  placement.file_backed =
      mapping && mapping->file != nullptr && (mapping->flags & MAP_ANONYMOUS) == 0;
  placement.align = alignment_of(new_size, mapping ? mapping->flags : MAP_ANONYMOUS);
  const auto place = space_.choose(placement);
  // Without room in the window, where the kernel wants it.
  const uint64_t wanted = place ? place->value : 0;
  const int fixed = place ? MREMAP_FIXED : 0;
  const int64_t result = raw_syscall(__NR_mremap, from.start.value, from.size(), new_size,
                                     static_cast<uint64_t>(flags | fixed), wanted);
  if (failed(result)) {
    if (place) space_.give_up(range_of(wanted, new_size));
    return result;
  }
  note_remapped(from, range_of(static_cast<uint64_t>(result), new_size), keep_old);
  return result;
}

void MemoryCalls::note_remapped(AppRange from, AppRange to, bool keep_old) {
  bool code = feeds_translation(from) || feeds_translation(to);
  const auto source = space_.find(from.start);
  if (code && source && source->range.end >= from.end) {
    // Another thread may have translated code there once more before it moved.
    raw_syscall(__NR_mprotect, to.start.value, to.size(),
                static_cast<uint64_t>(readable_code(source->prot)));
  }
  // Before another thread may map where it was.
  if (code && !from.empty()) runtime_.code_changed(from);
  if (from.empty()) {
    // An old size of 0: a second view of a shared mapping.
    if (auto mapping = space_.find(from.start)) {
      mapping->offset += from.start - mapping->range.start;
      mapping->range = to;
      code = space_.note_map(*mapping) || code;
    }
  } else {
    code = space_.note_remap(from, to, keep_old) || code;
  }
  if (source) tell_of_view(*source, source->range);
  if (!code) return;
  if (!from.empty()) runtime_.code_unmapped(from);
  runtime_.code_changed(to);
  if (holds_code(to)) runtime_.mapped_executable(to);
}

}  // namespace weft::linux
