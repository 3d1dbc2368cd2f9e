// mremap: in place, elsewhere, over something, or as a second view.

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "linux/raw_syscall.h"
#include "linux/sys_memory.h"
#include "linux/sys_memory_ranges.h"

namespace weft::linux {

int64_t MemoryCalls::remap(uint64_t old_address, uint64_t old_size, uint64_t new_size, int flags,
                           uint64_t new_address) {
  const bool fixed = (flags & MREMAP_FIXED) != 0;
  const bool may_move = (flags & MREMAP_MAYMOVE) != 0;
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0 || !aligned(old_address) ||
      new_size == 0 || !possible(0, new_size) ||
      ((fixed || (flags & MREMAP_DONTUNMAP) != 0 || old_size == 0) && !may_move)) {
    return -EINVAL;
  }
  const uint64_t size = page_up(new_size);
  const AppRange from{{old_address}, {page_up(old_address + old_size)}};
  const AppRange probe{from.start, {std::max(from.end.value, old_address + kPageSize)}};
  if (!possible(old_address, page_up(old_size)) || !owns(probe)) return -EFAULT;
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
  if (!space_.program_covers(to)) {
    const int64_t error = claim(to);
    if (error != 0) return error;
  }
  const int64_t result = raw_syscall(__NR_mremap, from.start.value, from.size(), to.size(),
                                     static_cast<uint64_t>(flags), to.start.value);
  if (!failed(result)) note_remapped(from, to, (flags & MREMAP_DONTUNMAP) != 0);
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
  if ((flags & MREMAP_MAYMOVE) == 0) return -ENOMEM;

  const auto mapping = space_.find(from.start);
  Placement placement;
  placement.size = new_size;
  placement.prot = mapping ? mapping->prot : PROT_READ | PROT_WRITE;
  placement.file_backed =
      mapping && mapping->file != nullptr && (mapping->flags & MAP_ANONYMOUS) == 0;
  placement.align = alignment_of(new_size, mapping ? mapping->flags : MAP_ANONYMOUS);
  const auto place = space_.choose(placement);
  if (!place) return -ENOMEM;
  const AppRange to = range_of(place->value, new_size);
  const int64_t result = raw_syscall(__NR_mremap, from.start.value, from.size(), new_size,
                                     static_cast<uint64_t>(flags | MREMAP_FIXED), to.start.value);
  if (failed(result)) {
    space_.note_unmap(to);
    return result;
  }
  note_remapped(from, to, keep_old);
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
