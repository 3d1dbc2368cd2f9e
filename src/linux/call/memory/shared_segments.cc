// System V shared memory.

#include <sys/mman.h>
#include <sys/shm.h>

#include <cerrno>

#include "linux/call/memory/memory.h"
#include "linux/call/memory/ranges.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/memory/kernel_map.h"

namespace weft::linux {
namespace {

constexpr uint64_t huge_page_up(uint64_t size) { return (size + kHugePage - 1) & ~(kHugePage - 1); }

int prot_of(int flags) {
  return PROT_READ | ((flags & SHM_RDONLY) != 0 ? 0 : PROT_WRITE) |
         ((flags & SHM_EXEC) != 0 ? PROT_EXEC : 0);
}

/// What the kernel mapped for a segment of `size` bytes, which may be one of huge pages.
AppRange attached_range(uint64_t start, uint64_t size) {
  const AppRange plain{{start}, {start + size}};
  const bool whole_pages = start % kHugePage != 0 || (size % kHugePage == 0 && start % kGiB != 0);
  if (whole_pages) return plain;
  const auto known = kernel_mapping(start);
  return known && known->start == plain.start ? *known : plain;
}

Mapping mapping_of(int id, AppRange range, int prot) {
  Mapping mapping;
  mapping.range = range;
  mapping.prot = prot;
  mapping.flags = MAP_SHARED | MAP_ANONYMOUS;
  auto file = std::make_shared<BackingFile>();
  file->device = BackingFile::kSharedSegments;
  file->inode = static_cast<uint64_t>(id);
  mapping.file = std::move(file);
  return mapping;
}

int64_t attach_call(int id, uint64_t address, int flags) {
  return raw_syscall(__NR_shmat, static_cast<uint64_t>(id), address, static_cast<uint64_t>(flags));
}

}  // namespace

int64_t MemoryCalls::attach_shared(int id, uint64_t address, int flags) {
  shmid_ds segment{};
  const int64_t known =
      raw_syscall(__NR_shmctl, static_cast<uint64_t>(id), IPC_STAT, word(&segment));
  // Of several errors, which one counts is the kernel's to know.
  if (failed(known)) return attach_call(id, address, flags);
  const uint64_t size = page_up(segment.shm_segsz);
  if (address == 0) return attach_anywhere(id, size, flags);
  const uint64_t start = (flags & SHM_RND) != 0 ? page_down(address) : address;
  const AppRange range{{start}, {start + size}};
  std::vector<AppRange> claimed;
  if ((flags & SHM_REMAP) != 0 && start % kPageSize == 0) {
    const int64_t error = claim(range, claimed);
    if (error != 0) return error == -ENOMEM ? -EINVAL : error;
  }
  const bool replaced = holds_code(range);
  const int64_t result = attach_call(id, start, flags);
  if (failed(result)) {
    for (const AppRange& gap : claimed) kernel::unmap(gap);
    return result;
  }
  note_attached(mapping_of(id, attached_range(start, size), prot_of(flags)), replaced);
  return result;
}

int64_t MemoryCalls::attach_anywhere(int id, uint64_t size, int flags) {
  // With room for huge pages, which the segment may have: nobody says beforehand.
  Placement placement;
  placement.size = huge_page_up(size);
  placement.align = kHugePage;
  placement.prot = prot_of(flags);
  const auto place = space_.choose(placement);
  int64_t result = place ? attach_call(id, place->value, flags) : -EINVAL;
  if (result == -EINVAL) result = attach_call(id, 0, flags);  // where the kernel wants it
  if (!failed(result)) {
    const AppRange range = attached_range(static_cast<uint64_t>(result), size);
    note_attached(mapping_of(id, range, prot_of(flags)), false);
  }
  if (place) space_.give_up({*place, *place + placement.size});
  return result;
}

void MemoryCalls::note_attached(const Mapping& mapping, bool replaced) {
  note_mapped(mapping, replaced);
  const Locked held(shared_lock_);
  shared_segments_[mapping.range.start.value] = mapping.range.size();
}

int64_t MemoryCalls::detach_shared(uint64_t address) {
  const int64_t result = raw_syscall(__NR_shmdt, address);
  if (failed(result)) return result;
  AppRange range{{address}, {address}};
  {
    const Locked held(shared_lock_);
    const auto segment = shared_segments_.find(address);
    if (segment == shared_segments_.end()) return result;
    range.end = range.start + segment->second;
    shared_segments_.erase(segment);
  }
  const bool code = holds_code(range);
  const std::vector<Mapping> views = shared_in(range);
  if (code) runtime_.code_changed(range);
  space_.note_unmap(range);
  for (const Mapping& view : views) tell_of_view(view, view.range);
  if (code) runtime_.code_unmapped(range);
  return result;
}

}  // namespace weft::linux
