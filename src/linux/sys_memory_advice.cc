// The smaller memory calls: advice, the program break, System V shared memory.

#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "linux/raw_syscall.h"
#include "linux/sys_memory.h"
#include "linux/sys_memory_ranges.h"

namespace weft::linux {
namespace {

/// Advice after which the pages may read differently.
bool discards(int advice) {
  return advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_REMOVE ||
         advice == MADV_DONTNEED_LOCKED;
}

int64_t advise_call(AppRange range, int advice) {
  return raw_syscall(__NR_madvise, range.start.value, range.size(), static_cast<uint64_t>(advice));
}

}  // namespace

int64_t MemoryCalls::advise(uint64_t address, uint64_t length, int advice) {
  const bool plain = aligned(address) && length != 0 && possible(address, length);
  // Answers to wrong arguments are the kernel's; with no length nothing can be touched.
  if (!plain) {
    return raw_syscall(__NR_madvise, address | (length == 0 ? 0 : 1), 0,
                       static_cast<uint64_t>(advice));
  }
  const AppRange range = range_of(address, length);
  int64_t result = 0;
  if (owns(range)) {
    result = advise_call(range, advice);
  } else {
    // With holes: all that is the program's is advised, and the answer is ENOMEM.
    AppRange rest = range;
    while (const auto mapping = space_.first_overlap(rest, Owner::kProgram)) {
      const AppRange part{std::max(rest.start, mapping->range.start),
                          std::min(rest.end, mapping->range.end)};
      result = advise_call(part, advice);
      if (failed(result)) return result;
      rest.start = part.end;
      if (rest.empty()) break;
    }
    result = -ENOMEM;
  }
  if (discards(advice) && feeds_translation(range)) runtime_.code_changed(range);
  return result;
}

int64_t MemoryCalls::set_break(uint64_t address) {
  AppRange released;
  const uint64_t now = break_.set(address, &released);
  if (!released.empty()) runtime_.code_changed(released);
  return static_cast<int64_t>(now);
}

int64_t MemoryCalls::attach_shared(int id, uint64_t address, int flags) {
  shmid_ds segment{};
  const int64_t known =
      raw_syscall(__NR_shmctl, static_cast<uint64_t>(id), IPC_STAT, word(&segment));
  if (failed(known)) return known;
  const uint64_t size = page_up(segment.shm_segsz);
  const int prot = PROT_READ | ((flags & SHM_RDONLY) != 0 ? 0 : PROT_WRITE) |
                   ((flags & SHM_EXEC) != 0 ? PROT_EXEC : 0);
  uint64_t start = (flags & SHM_RND) != 0 ? page_down(address) : address;
  const bool anywhere = address == 0;
  if (anywhere) {
    Placement placement;
    placement.size = size;
    placement.prot = prot;
    const auto place = space_.choose(placement);
    if (!place) return -ENOMEM;
    start = place->value;
  }
  const AppRange range{{start}, {start + size}};
  if (!anywhere && (flags & SHM_REMAP) != 0 && start % kPageSize == 0) {
    const int64_t error = claim(range);
    if (error != 0) return error == -ENOMEM ? -EINVAL : error;
  }
  const bool replaced = holds_code(range);
  const int64_t result =
      raw_syscall(__NR_shmat, static_cast<uint64_t>(id), start, static_cast<uint64_t>(flags));
  if (failed(result)) {
    if (anywhere) space_.note_unmap(range);
    return result;
  }
  Mapping mapping;
  mapping.range = range;
  mapping.prot = prot;
  mapping.flags = MAP_SHARED | MAP_ANONYMOUS;
  auto file = std::make_shared<BackingFile>();
  file->device = BackingFile::kSharedSegments;
  file->inode = static_cast<uint64_t>(id);
  mapping.file = std::move(file);
  note_mapped(mapping, replaced);
  const std::lock_guard<SpinLock> held(shared_lock_);
  shared_segments_[start] = size;
  return result;
}

int64_t MemoryCalls::detach_shared(uint64_t address) {
  const int64_t result = raw_syscall(__NR_shmdt, address);
  if (failed(result)) return result;
  AppRange range{{address}, {address}};
  {
    const std::lock_guard<SpinLock> held(shared_lock_);
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

void MemoryCalls::lock_for_fork() {
  shared_lock_.lock();
  break_.lock_for_fork();
}

void MemoryCalls::unlock_after_fork() {
  break_.unlock_after_fork();
  shared_lock_.unlock();
}

}  // namespace weft::linux
