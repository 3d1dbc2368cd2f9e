#include "linux/sys_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "linux/layout.h"
#include "linux/raw_syscall.h"
#include "linux/sys_memory_ranges.h"

namespace weft::linux {
namespace {

constexpr int kPlaceAttempts = 16;

/// Device, inode and name of the file behind `fd`, for the record.
std::shared_ptr<const BackingFile> backing_file(int fd) {
  struct stat status {};
  if (failed(raw_syscall(__NR_fstat, static_cast<uint64_t>(fd), word(&status)))) return nullptr;
  auto file = std::make_shared<BackingFile>();
  file->device = status.st_dev;
  file->inode = status.st_ino;
  const std::string link = "/proc/thread-self/fd/" + std::to_string(fd);
  char path[4096];
  const int64_t length = raw_syscall(__NR_readlink, word(link.c_str()), word(path), sizeof path);
  if (!failed(length)) file->path.assign(path, static_cast<size_t>(length));
  return file;
}

int64_t map_call(AppRange range, int prot, int flags, int fd, uint64_t offset) {
  return raw_syscall(__NR_mmap, range.start.value, range.size(),
                     static_cast<uint64_t>(readable_code(prot)), static_cast<uint64_t>(flags),
                     static_cast<uint64_t>(fd), offset);
}

/// Whether the executable has modules behind it, or is unknown (0).
bool among_modules(const Zones& zones, uint64_t executable_end) {
  return executable_end == 0 || zones.near.contains({executable_end});
}

/// Where the break begins: behind the executable, as the kernel has it, or, where modules are
/// packed closely behind that, in a zone of its own. A little further on each time, unless the user
/// wants addresses to repeat.
uint64_t place_break(const Zones& zones, uint64_t executable_end) {
  const uint64_t base =
      among_modules(zones, executable_end) ? zones.heap.start.value : executable_end;
  constexpr uint64_t kQueryPersonality = 0xffffffff;
  const int64_t personality = raw_syscall(__NR_personality, kQueryPersonality);
  if (failed(personality) || (personality & ADDR_NO_RANDOMIZE) != 0) return base;
  uint64_t random = 0;
  raw_syscall(__NR_getrandom, word(&random), sizeof random, 0);
  constexpr uint64_t kSpread = 0x2000;  // pages: 32 MB, the kernel's own
  return base + random % kSpread * kPageSize;
}

}  // namespace

MemoryCalls::MemoryCalls(SysRuntime& runtime, AddressSpace& space, uint64_t break_start,
                         AppRange stack)
    : runtime_(runtime),
      space_(space),
      stack_(stack),
      break_(space, place_break(space.zones(), break_start),
             among_modules(space.zones(), break_start) ? space.zones().heap.end.value : kUserEnd) {}

bool MemoryCalls::handles(int64_t number) {
  switch (number) {
    case __NR_mmap:
    case __NR_munmap:
    case __NR_mprotect:
    case __NR_pkey_mprotect:
    case __NR_mremap:
    case __NR_madvise:
    case __NR_brk:
    case __NR_shmat:
    case __NR_shmdt:
    case __NR_mlockall:
    case __NR_munlockall:
    case __NR_mincore:
      return true;
    default:
      return false;
  }
}

int64_t MemoryCalls::handle(const SyscallArguments& call) {
  const auto& a = call.a;
  switch (call.number) {
    case __NR_mmap:
      return map(a[0], a[1], static_cast<int>(a[2]), static_cast<int>(a[3]), static_cast<int>(a[4]),
                 a[5]);
    case __NR_munmap:
      return unmap(a[0], a[1]);
    case __NR_mprotect:
      return protect(a[0], a[1], static_cast<int>(a[2]), -1);
    case __NR_pkey_mprotect:
      return protect(a[0], a[1], static_cast<int>(a[2]), static_cast<int>(a[3]));
    case __NR_mremap:
      return remap(a[0], a[1], a[2], static_cast<int>(a[3]), a[4]);
    case __NR_madvise:
      return advise(a[0], a[1], static_cast<int>(a[2]));
    case __NR_brk:
      return set_break(a[0]);
    case __NR_shmat:
      return attach_shared(static_cast<int>(a[0]), a[1], static_cast<int>(a[2]));
    case __NR_shmdt:
      return detach_shared(a[0]);
    case __NR_mlockall:
      return lock_all(static_cast<int>(a[0]));
    case __NR_munlockall:
      return unlock_all();
    case __NR_mincore:
      return in_core(a[0], a[1], a[2]);
    default:
      return -ENOSYS;
  }
}

bool MemoryCalls::owns(AppRange range) const {
  if (space_.program_covers(range)) return true;
  return stack_.start <= range.start && range.end <= stack_.end;
}

bool MemoryCalls::holds_code(AppRange range) const {
  AppRange rest = range;
  while (!rest.empty()) {
    const auto mapping = space_.first_overlap(rest, Owner::kProgram);
    if (!mapping) return false;
    if (mapping->executable()) return true;
    rest.start = mapping->range.end;
  }
  return false;
}

int64_t MemoryCalls::map(uint64_t address, uint64_t length, int prot, int flags, int fd,
                         uint64_t offset) {
  if (!aligned(offset) || length == 0) return -EINVAL;
  if (!possible(0, length)) return -ENOMEM;
  if (lock_future_.load(std::memory_order_relaxed)) flags |= MAP_LOCKED;
  const bool fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
  if (!fixed) return map_anywhere(range_of(page_down(address), length), prot, flags, fd, offset);
  if (!aligned(address)) return -EINVAL;
  if (!possible(address, length)) return -ENOMEM;
  return map_fixed(range_of(address, length), prot, flags, fd, offset);
}

int64_t MemoryCalls::map_fixed(AppRange range, int prot, int flags, int fd, uint64_t offset) {
  if ((flags & MAP_FIXED_NOREPLACE) != 0) {
    // The kernel knows every mapping, the record also what is promised to another thread.
    if (!space_.is_free(range)) return -EEXIST;
  } else if (!space_.program_covers(range)) {
    const int64_t error = claim(range);
    if (error != 0) return error;
  }
  const bool replaces = holds_code(range);
  const int64_t result = map_call(range, prot, flags, fd, offset);
  if (failed(result)) return result;
  note_mapped(range, prot, flags, fd, offset, replaces);
  return result;
}

int64_t MemoryCalls::claim(AppRange range) {
  AppRange rest = range;
  std::vector<AppRange> taken;
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
        taken.push_back(gap);
      }
    }
    rest.start = mapping ? mapping->range.end : range.end;
  }
  if (error != 0) {
    for (const AppRange& gap : taken) raw_syscall(__NR_munmap, gap.start.value, gap.size());
  }
  return error;
}

int64_t MemoryCalls::map_anywhere(AppRange hint, int prot, int flags, int fd, uint64_t offset) {
  Placement placement;
  placement.size = hint.size();
  placement.prot = prot;
  placement.file_backed = (flags & MAP_ANONYMOUS) == 0;
  placement.low_2gb = (flags & MAP_32BIT) != 0;
  placement.align = alignment_of(hint.size(), flags);
  placement.hint = possible(hint.start.value, hint.size()) ? hint.start.value : 0;
  const int kernel_flags = flags & ~MAP_32BIT;
  for (int attempt = 0; attempt < kPlaceAttempts; ++attempt) {
    const auto place = space_.choose(placement);
    if (!place) return -ENOMEM;
    const AppRange range = range_of(place->value, placement.size);
    const int64_t result = map_at(range, prot, kernel_flags, fd, offset);
    if (!failed(result)) {
      note_mapped(range, prot, kernel_flags, fd, offset, false);
      return result;
    }
    space_.note_unmap(range);
    if (result == -EEXIST) {
      placement.hint = 0;
    } else if (result == -EINVAL && placement.file_backed && placement.align < kHugePage) {
      placement.align = kHugePage;  // a file of hugetlbfs
    } else {
      return result;
    }
  }
  return -ENOMEM;
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
  if (failed(result)) raw_syscall(__NR_munmap, range.start.value, range.size());
  return result;
}

void MemoryCalls::note_mapped(AppRange range, int prot, int flags, int fd, uint64_t offset,
                              bool replaced) {
  Mapping mapping;
  mapping.range = range;
  mapping.prot = prot;
  mapping.flags = flags;
  mapping.offset = offset;
  mapping.file = (flags & MAP_ANONYMOUS) == 0 ? backing_file(fd) : shared_memory(flags);
  if ((flags & MAP_ANONYMOUS) != 0) mapping.offset = 0;
  note_mapped(mapping, replaced);
}

std::shared_ptr<const BackingFile> MemoryCalls::shared_memory(int flags) {
  if ((flags & MAP_TYPE) == MAP_PRIVATE) return nullptr;
  auto file = std::make_shared<BackingFile>();
  file->device = BackingFile::kAnonymousMemory;
  file->inode = next_shared_memory_.fetch_add(1, std::memory_order_relaxed);
  return file;
}

void MemoryCalls::note_mapped(const Mapping& mapping, bool replaced) {
  const AppRange range = mapping.range;
  const bool consulted = space_.note_map(mapping);
  if (mapping.is_written_view()) runtime_.shared_view_changed(mapping);
  if (replaced || consulted) runtime_.code_changed(range);
  if (mapping.executable()) runtime_.mapped_executable(range);
}

void MemoryCalls::tell_of_view(const Mapping& mapping, AppRange part) {
  if (!mapping.is_written_view()) return;
  Mapping view = mapping;
  view.offset += part.start - mapping.range.start;
  view.range = part;
  runtime_.shared_view_changed(view);
}

std::vector<Mapping> MemoryCalls::shared_in(AppRange range) const {
  std::vector<Mapping> found;
  AppRange rest = range;
  while (!rest.empty()) {
    const auto mapping = space_.first_overlap(rest, Owner::kProgram);
    if (!mapping) break;
    rest.start = mapping->range.end;
    const bool is_private = (mapping->flags & MAP_TYPE) == MAP_PRIVATE;
    if (!is_private && mapping->file != nullptr) found.push_back(*mapping);
  }
  return found;
}

int64_t MemoryCalls::unmap(uint64_t address, uint64_t length) {
  if (!aligned(address) || length == 0 || !possible(address, length)) return -EINVAL;
  const AppRange range = range_of(address, length);
  AppRange rest = range;
  bool code = false;
  while (!rest.empty()) {
    const auto mapping = space_.first_overlap(rest, Owner::kProgram);
    if (!mapping) break;
    const AppRange part{std::max(rest.start, mapping->range.start),
                        std::min(rest.end, mapping->range.end)};
    const int64_t result = raw_syscall(__NR_munmap, part.start.value, part.size());
    if (failed(result)) return result;
    if (mapping->executable() || space_.is_consulted(part)) {
      // Before another thread may map there, and finds what was translated from these bytes.
      code = true;
      runtime_.code_changed(part);
    }
    space_.note_unmap(part);
    tell_of_view(*mapping, part);
    rest.start = part.end;
  }
  if (code) runtime_.code_unmapped(range);
  return 0;
}

int64_t MemoryCalls::protect(uint64_t address, uint64_t length, int prot, int64_t key) {
  if (!aligned(address)) return -EINVAL;
  if (length == 0) return 0;
  if (!possible(address, length)) return -ENOMEM;
  const AppRange range = range_of(address, length);
  if (owns(range)) return protect_owned(range, prot, key);
  // As natively: what lies before the first hole changes, and the hole is the answer.
  AppRange prefix{range.start, range.start};
  while (const auto mapping = space_.find(prefix.end)) {
    if (mapping->owner != Owner::kProgram) break;
    prefix.end = mapping->range.end;
  }
  if (!prefix.empty()) {
    const int64_t result = protect_owned(prefix, prot, key);
    if (failed(result)) return result;
  }
  return -ENOMEM;
}

int64_t MemoryCalls::protect_owned(AppRange range, int prot, int64_t key) {
  const bool was_code = holds_code(range);
  const std::vector<Mapping> views = shared_in(range);
  const int kernel_prot = readable_code(runtime_.effective_protection(range, prot));
  const int64_t result =
      key < 0 ? raw_syscall(__NR_mprotect, range.start.value, range.size(),
                            static_cast<uint64_t>(kernel_prot))
              : raw_syscall(__NR_pkey_mprotect, range.start.value, range.size(),
                            static_cast<uint64_t>(kernel_prot), static_cast<uint64_t>(key));
  if (failed(result)) return result;
  const bool consulted = space_.note_protect(range, prot & (PROT_READ | PROT_WRITE | PROT_EXEC));
  const bool is_code = (prot & PROT_EXEC) != 0;
  for (Mapping view : views) {
    const AppRange part{std::max(view.range.start, range.start),
                        std::min(view.range.end, range.end)};
    if (((view.prot ^ prot) & PROT_WRITE) == 0) continue;
    view.prot |= PROT_WRITE;  // it was one, or is one now
    tell_of_view(view, part);
  }
  if (consulted || (was_code && !is_code)) runtime_.code_changed(range);
  if (is_code) runtime_.mapped_executable(range);
  return result;
}

}  // namespace weft::linux
