#include "linux/call/memory/memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linux/call/memory/ranges.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"
#include "linux/memory/layout.h"

namespace weft::linux {
namespace {

/// Device, inode and name of the file behind `fd`, for the record. `replaced`: what was mapped
/// where it is mapped now; a loader maps a library's parts into the whole, and its name is known by
/// then.
std::shared_ptr<const BackingFile> backing_file(int fd, const std::optional<Mapping>& replaced) {
  struct stat status {};
  if (failed(raw_syscall(__NR_fstat, static_cast<uint64_t>(fd), word(&status)))) return nullptr;
  if (replaced && replaced->file != nullptr && replaced->file->device == status.st_dev &&
      replaced->file->inode == status.st_ino) {
    return replaced->file;
  }
  auto file = std::make_shared<BackingFile>();
  file->device = status.st_dev;
  file->inode = status.st_ino;
  file->path =
      Surroundings::instance().read_proc_link("/proc/thread-self/fd/" + std::to_string(fd));
  return file;
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

MemoryCalls::MemoryCalls(SysRuntime& runtime, AddressSpace& space, Limits& limits,
                         uint64_t break_start, AppRange stack)
    : runtime_(runtime),
      space_(space),
      limits_(limits),
      stack_(stack),
      break_(space, place_break(space.zones(), break_start),
             among_modules(space.zones(), break_start) ? space.zones().heap.end.value : kUserEnd) {}

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

void MemoryCalls::note_mapped(AppRange range, int prot, int flags, int fd, uint64_t offset,
                              bool replaced) {
  Mapping mapping;
  mapping.range = range;
  mapping.prot = prot;
  mapping.flags = flags;
  mapping.offset = offset;
  mapping.file = (flags & MAP_ANONYMOUS) == 0 ? backing_file(fd, space_.find(range.start))
                                              : shared_memory(flags);
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

uint64_t MemoryCalls::uncovered(AppRange range) const {
  uint64_t left = range.size();
  for_each_in(range, [&left](const Mapping&, AppRange part) { left -= part.size(); });
  return left;
}

bool MemoryCalls::allows_data(uint64_t more, int prot, int flags) const {
  return !is_limited_data(prot, flags) || !limits_.limits_data() || limits_.allows_data(more);
}

bool MemoryCalls::allows_writing(AppRange range) const {
  if (!limits_.limits_data()) return true;
  uint64_t more = 0;
  for_each_in(range, [&more](const Mapping& mapping, AppRange part) {
    const bool becomes = is_limited_data(mapping.prot | PROT_WRITE, mapping.flags);
    if (becomes && !mapping.writable()) more += part.size();
  });
  return limits_.allows_data(more);
}

std::vector<Mapping> MemoryCalls::shared_in(AppRange range) const {
  std::vector<Mapping> found;
  for_each_in(range, [&found](const Mapping& mapping, AppRange) {
    const bool is_private = (mapping.flags & MAP_TYPE) == MAP_PRIVATE;
    if (!is_private && mapping.file != nullptr) found.push_back(mapping);
  });
  return found;
}

int64_t MemoryCalls::unmap(uint64_t address, uint64_t length) {
  if (!aligned(address) || length == 0 || !possible(address, length)) return -EINVAL;
  const AppRange range = range_of(address, length);
  bool code = false;
  const int64_t answer = for_each_in(range, [&](const Mapping& mapping, AppRange part) {
    const int64_t result = kernel::unmap(part);
    if (failed(result)) return result;
    if (mapping.executable() || space_.is_consulted(part)) {
      // Before another thread may map there, and finds what was translated from these bytes.
      code = true;
      runtime_.code_changed(part);
    }
    space_.note_unmap(part);
    tell_of_view(mapping, part);
    return int64_t{0};
  });
  if (failed(answer)) return answer;
  if (code) runtime_.code_unmapped(range);
  return 0;
}

int64_t MemoryCalls::protect(uint64_t address, uint64_t length, int prot, int64_t key) {
  const auto ask_kernel = [&](uint64_t at, uint64_t size) {
    const auto kernel_prot = static_cast<uint64_t>(prot);
    return key < 0
               ? raw_syscall(__NR_mprotect, at, size, kernel_prot)
               : raw_syscall(__NR_pkey_mprotect, at, size, kernel_prot, static_cast<uint64_t>(key));
  };
  if (!aligned(address) || length == 0 || !possible(address, length)) {
    return ask_kernel(nowhere(address), length);
  }
  const AppRange range = range_of(address, length);
  if (owns(range)) return protect_owned(range, prot, key);
  // As natively: what lies before the first hole changes, and the hole is the answer.
  AppRange prefix{range.start, range.start};
  while (const auto mapping = space_.find(prefix.end)) {
    if (mapping->owner != Owner::kProgram) break;
    prefix.end = mapping->range.end;
  }
  if (prefix.empty()) return ask_kernel(nowhere(address), kPageSize);
  const int64_t result = protect_owned(prefix, prot, key);
  return failed(result) ? result : -ENOMEM;
}

int64_t MemoryCalls::protect_owned(AppRange range, int prot, int64_t key) {
  if ((prot & PROT_WRITE) != 0 && !allows_writing(range)) return -ENOMEM;
  const bool was_code = holds_code(range);
  const std::vector<Mapping> views = shared_in(range);
  // Where there was no code, nothing was translated and nothing protected: a thread's stack, say.
  const int kernel_prot =
      readable_code(was_code ? runtime_.effective_protection(range, prot) : prot);
  const int64_t result =
      key < 0 ? raw_syscall(__NR_mprotect, range.start.value, range.size(),
                            static_cast<uint64_t>(kernel_prot))
              : raw_syscall(__NR_pkey_mprotect, range.start.value, range.size(),
                            static_cast<uint64_t>(kernel_prot), static_cast<uint64_t>(key));
  if (failed(result)) return result;
  const bool consulted = space_.note_protect(range, prot & (PROT_READ | PROT_WRITE | PROT_EXEC));
  const bool is_code = (prot & PROT_EXEC) != 0;
  for (Mapping view : views) {
    const AppRange part = view.range.intersection(range);
    if (((view.prot ^ prot) & PROT_WRITE) == 0) continue;
    view.prot |= PROT_WRITE;  // it was one, or is one now
    tell_of_view(view, part);
  }
  if (consulted || (was_code && !is_code)) runtime_.code_changed(range);
  if (is_code) runtime_.mapped_executable(range);
  return result;
}

}  // namespace weft::linux
