// mmap: at the place that the program names, at one of the address space's, or where the kernel
// wants it.

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "linux/call/memory/memory.h"
#include "linux/call/memory/ranges.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/memory/layout.h"

namespace weft::linux {
namespace {

constexpr int kPlaceAttempts = 16;

int64_t map_call(AppRange range, int prot, int flags, int fd, uint64_t offset) {
  return raw_syscall(__NR_mmap, range.start.value, range.size(),
                     static_cast<uint64_t>(readable_code(prot)), static_cast<uint64_t>(flags),
                     static_cast<uint64_t>(fd), offset);
}

void unmap_call(AppRange range) { kernel::unmap(range); }

/// The page size of what is mapped: huge pages are asked for by flag, or come with the file.
uint64_t page_size_of(int flags, int fd) {
  if ((flags & MAP_ANONYMOUS) != 0) {
    return (flags & MAP_HUGETLB) != 0 ? alignment_of(0, flags) : kPageSize;
  }
  struct statfs status {};
  const int64_t known = raw_syscall(__NR_fstatfs, static_cast<uint64_t>(fd), word(&status));
  const bool huge = !failed(known) && status.f_type == HUGETLBFS_MAGIC;
  return huge ? static_cast<uint64_t>(status.f_bsize) : kPageSize;
}

/// What the kernel says to a call that cannot succeed here: of several errors, which one counts is
/// its to know. `otherwise` is the answer if the kernel finds nothing wrong.
int64_t answer_of_kernel(uint64_t address, uint64_t length, int prot, int flags, int fd,
                         uint64_t offset, int64_t otherwise) {
  // Nothing may be replaced by a call that succeeds after all.
  if ((flags & MAP_FIXED) != 0) flags |= MAP_FIXED_NOREPLACE;
  flags &= ~MAP_POPULATE;
  const int64_t result =
      raw_syscall(__NR_mmap, address, length, static_cast<uint64_t>(readable_code(prot)),
                  static_cast<uint64_t>(flags), static_cast<uint64_t>(fd), offset);
  if (failed(result)) return result;
  kernel::unmap(static_cast<uint64_t>(result), page_up(length));
  return otherwise;
}

/// See Placement; 0: unknown.
uint64_t file_number(int fd) {
  struct stat status {};
  const bool known = !failed(raw_syscall(__NR_fstat, static_cast<uint64_t>(fd), word(&status)));
  return known ? status.st_ino : 0;
}

}  // namespace

int64_t MemoryCalls::map(uint64_t address, uint64_t length, int prot, int flags, int fd,
                         uint64_t offset) {
  if (lock_future_.load(std::memory_order_relaxed)) flags |= MAP_LOCKED;
  const bool fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
  const bool has_place = !fixed || (aligned(address) && possible(address, length));
  if (!aligned(offset) || length == 0 || !possible(0, length) || !has_place) {
    return answer_of_kernel(address, length, prot, flags, fd, offset, -ENOMEM);
  }
  const uint64_t page = page_size_of(flags, fd);
  const uint64_t size = (length + page - 1) & ~(page - 1);
  if (!possible(fixed ? address : 0, size)) {
    return answer_of_kernel(address, length, prot, flags, fd, offset, -ENOMEM);
  }
  if (fixed) return map_fixed(range_of(address, size), prot, flags, fd, offset);
  return map_anywhere(range_of(page_down(address), size), page, prot, flags, fd, offset);
}

int64_t MemoryCalls::map_fixed(AppRange range, int prot, int flags, int fd, uint64_t offset) {
  std::vector<AppRange> claimed;
  if ((flags & MAP_FIXED_NOREPLACE) != 0) {
    // The kernel knows every mapping, the record also what is promised to another thread.
    if (!space_.is_free(range)) {
      return answer_of_kernel(range.start.value, range.size(), prot, flags, fd, offset, -EEXIST);
    }
  } else if (!space_.program_covers(range)) {
    const int64_t error = claim(range, claimed);
    if (error != 0) {
      return answer_of_kernel(0, range.size(), prot, flags & ~MAP_FIXED, fd, offset, error);
    }
  }
  const bool replaces = holds_code(range);
  const int64_t result =
      allows_data(uncovered(range), prot, flags)
          ? map_call(range, prot, flags, fd, offset)
          : answer_of_kernel(0, range.size(), prot, flags & ~MAP_FIXED, fd, offset, -ENOMEM);
  if (failed(result)) {
    for (const AppRange& gap : claimed) unmap_call(gap);
    return result;
  }
  note_mapped(range, prot, flags, fd, offset, replaces);
  return result;
}

int64_t MemoryCalls::claim(AppRange range, std::vector<AppRange>& claimed) {
  AppRange rest = range;
  int64_t error = 0;
  while (!rest.empty() && error == 0) {
    const auto mapping = space_.first_overlap(rest);
    const AppPc gap_end = mapping ? std::min(mapping->range.start, range.end) : range.end;
    if (mapping && mapping->owner == Owner::kRuntime) error = -ENOMEM;
    if (rest.start < gap_end) {
      const AppRange gap{rest.start, gap_end};
      const bool stack_grows_here = stack_.start <= gap.start && gap.end <= stack_.end;
      const int64_t result =
          stack_grows_here
              ? 0
              : map_call(gap, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
      if (failed(result)) {
        // Of the runtime's libraries or heap; other errors are the kernel's own about the range.
        error = result == -EEXIST ? -ENOMEM : result;
      } else if (!stack_grows_here) {
        claimed.push_back(gap);
      }
    }
    rest.start = mapping ? mapping->range.end : range.end;
  }
  if (error != 0) {
    for (const AppRange& gap : claimed) unmap_call(gap);
    claimed.clear();
  }
  return error;
}

int64_t MemoryCalls::map_anywhere(AppRange hint, uint64_t page, int prot, int flags, int fd,
                                  uint64_t offset) {
  if (!allows_data(hint.size(), prot, flags)) {
    return answer_of_kernel(0, hint.size(), prot, flags, fd, offset, -ENOMEM);
  }
  Placement placement;
  placement.size = hint.size();
  placement.prot = prot;
  placement.file_backed = (flags & MAP_ANONYMOUS) == 0;
  if (placement.file_backed && space_.repeats_places()) placement.file_number = file_number(fd);
  placement.low_2gb = (flags & MAP_32BIT) != 0;
  placement.align = std::max(page, alignment_of(hint.size(), flags));
  placement.hint = possible(hint.start.value, hint.size()) ? hint.start.value : 0;
  // The kernel refuses a hint within huge pages that the program gives as a place.
  if (placement.hint % page != 0) placement.hint = 0;
  const int kernel_flags = flags & ~MAP_32BIT;
  for (int attempt = 0; attempt < kPlaceAttempts; ++attempt) {
    const auto place = space_.choose(placement);
    if (!place) break;
    const AppRange range = range_of(place->value, placement.size);
    const int64_t result = map_at(range, prot, kernel_flags, fd, offset);
    if (!failed(result)) {
      note_mapped(range, prot, kernel_flags, fd, offset, false);
      return result;
    }
    space_.give_up(range);
    if (result == -EINVAL && placement.file_backed) break;
    if (result != -EEXIST) return result;
    placement.hint = 0;
  }
  return map_where_kernel_wants(hint, prot, flags, fd, offset);
}

// Some files decide where they are mapped (rings, devices) and refuse all other places; and what
// does not fit into the window may lie outside of it, among the runtime's own memory.
int64_t MemoryCalls::map_where_kernel_wants(AppRange hint, int prot, int flags, int fd,
                                            uint64_t offset) {
  const int64_t result = map_call(hint, prot, flags, fd, offset);
  if (failed(result)) return result;
  const AppRange range = range_of(static_cast<uint64_t>(result), hint.size());
  note_mapped(range, prot, flags & ~MAP_32BIT, fd, offset, false);
  return result;
}

int64_t MemoryCalls::map_at(AppRange range, int prot, int flags, int fd, uint64_t offset) {
  if ((flags & MAP_TYPE) != MAP_SHARED_VALIDATE) {
    return map_call(range, prot, flags | MAP_FIXED_NOREPLACE, fd, offset);
  }
  // With this type the kernel refuses flags that it takes as younger than the type: first the
  // place is taken, then replaced.
  const int64_t held = map_call(
      range, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (failed(held)) return held;
  const int64_t result = map_call(range, prot, flags | MAP_FIXED, fd, offset);
  if (failed(result)) unmap_call(range);
  return result;
}

}  // namespace weft::linux
