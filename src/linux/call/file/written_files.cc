#include "linux/call/file/written_files.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "linux/call/memory/foreign_writes.h"
#include "linux/call/table.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"
#include "linux/memory/layout.h"

namespace weft::linux {
namespace {

constexpr uint64_t kNoDescriptor = ~uint64_t{0};

/// The flags of a call that opens a file; 0 of any other.
uint64_t open_flags(const SyscallArguments& call) {
  switch (call.number) {
    case __NR_open:
      return call.a[1];
    case __NR_openat:
      return call.a[2];
    case __NR_creat:
      return O_TRUNC;
    case __NR_openat2: {
      uint64_t flags = 0;
      return read_program(&flags, call.a[2] + offsetof(open_how, flags)) ? flags : 0;
    }
    default:
      return 0;
  }
}

/// The descriptor of the file whose bytes a call with this result changed.
uint64_t written_descriptor(const SyscallArguments& call, int64_t result) {
  const WrittenDescriptor writes = system_call(call.number).writes;
  switch (writes.when) {
    case Writes::kNothing:
      break;
    case Writes::kIfBytes:
      if (result > 0) return call.a[writes.argument];
      break;
    case Writes::kIfDone:
      if (result == 0) return call.a[writes.argument];
      break;
    case Writes::kIfTruncated:
      if (result >= 0 && (open_flags(call) & O_TRUNC) != 0) return static_cast<uint64_t>(result);
      break;
  }
  return kNoDescriptor;
}

/// Whether the tasks that the call makes, or the caller, share memory and not descriptors, or the
/// other way round, for longer than a vfork.
bool parts_descriptors(const SyscallArguments& call) {
  uint64_t flags = 0;
  switch (call.number) {
    case __NR_unshare:
      return (call.a[0] & CLONE_FILES) != 0;
    case __NR_close_range:
      return (call.a[2] & CLOSE_RANGE_UNSHARE) != 0;
    case __NR_clone:
      flags = call.a[0];
      break;
    case __NR_clone3:
      if (!read_program(&flags, call.a[0] + offsetof(clone_args, flags))) return false;
      break;
    default:
      return false;
  }
  if ((flags & CLONE_VM) == 0) return (flags & CLONE_FILES) != 0;
  return (flags & (CLONE_FILES | CLONE_VFORK)) == 0;
}

/// The process whose memory in /proc `fd` refers to, which has this status; 0 if it is another
/// file.
pid_t memory_owner(uint64_t fd, const struct stat& status) {
  // Most files are told apart by this: the memory has no size, and is its owner's alone.
  constexpr mode_t kMode = S_IFREG | 0600;
  if (status.st_size != 0 || status.st_mode != kMode) return 0;
  const std::string name =
      Surroundings::instance().read_proc_link("/proc/thread-self/fd/" + std::to_string(fd));
  constexpr std::string_view kFolder = "/proc/";
  if (!name.starts_with(kFolder) || !name.ends_with("/mem")) return 0;
  return std::atoi(name.c_str() + kFolder.size());
}

/// Where in its file a call that wrote `count` bytes began.
uint64_t written_from(const SyscallArguments& call, uint64_t count) {
  const bool at_cursor = call.number == __NR_write || call.number == __NR_writev ||
                         (call.number == __NR_pwritev2 && call.a[3] == ~uint64_t{0});
  if (!at_cursor) return call.a[3];
  return static_cast<uint64_t>(raw_syscall(__NR_lseek, call.a[0], 0, SEEK_CUR)) - count;
}

}  // namespace

void WrittenFiles::before(const SyscallArguments& call) {
  switch (call.number) {
    case __NR_close:
      return forget(call.a[0], call.a[0]);
    case __NR_dup2:
    case __NR_dup3:
      return forget(call.a[1], call.a[1]);
    case __NR_close_range:
      if (parts_descriptors(call)) tables_differ_.store(true, std::memory_order_relaxed);
      return forget(call.a[0], call.a[1]);
    case __NR_unshare:
    case __NR_clone:
    case __NR_clone3:
      if (parts_descriptors(call)) tables_differ_.store(true, std::memory_order_relaxed);
      return;
    default:
      return;
  }
}

void WrittenFiles::forget(uint64_t first, uint64_t last) {
  // The kernel looks at the low 32 bits.
  const uint64_t end = std::min<uint64_t>(static_cast<uint32_t>(last), kKnown - 1);
  for (uint64_t fd = static_cast<uint32_t>(first); fd <= end; ++fd) {
    known_[fd].store(kUnknown | forgotten_.fetch_add(1, std::memory_order_relaxed),
                     std::memory_order_relaxed);
  }
}

void WrittenFiles::after(const SyscallArguments& call, int64_t result, bool own_descriptors) {
  const uint64_t fd = written_descriptor(call, result);
  if (fd != kNoDescriptor) {
    const pid_t owner = descriptor_written(static_cast<uint32_t>(fd), own_descriptors);
    if (owner != 0 && result > 0) memory_written(owner, call, static_cast<uint64_t>(result));
    return;
  }
  if (call.number == __NR_truncate && result == 0) path_written(call.a[0]);
}

pid_t WrittenFiles::descriptor_written(uint64_t fd, bool own_descriptors) {
  const uint32_t version = space_.translated_files_version() & ~kUnknown;
  const bool learns = fd < kKnown && !own_descriptors && version != 0 &&
                      !tables_differ_.load(std::memory_order_relaxed);
  uint32_t state = 0;
  if (learns) {
    state = known_[fd].load(std::memory_order_relaxed);
    if (state == version) return 0;
  }
  struct stat status {};
  if (failed(raw_syscall(__NR_fstat, fd, word(&status)))) return 0;
  if (const pid_t owner = memory_owner(fd, status); owner != 0) return owner;
  if (space_.translates_file(status.st_dev, status.st_ino)) {
    file_written(status.st_dev, status.st_ino);
  } else if (learns) {
    known_[fd].compare_exchange_strong(state, version, std::memory_order_relaxed);
  }
  return 0;
}

void WrittenFiles::memory_written(pid_t owner, const SyscallArguments& call, uint64_t count) {
  const uint64_t from = written_from(call, count);
  if (owner != kernel::current_process())
    return note_foreign_write(owner, {{from}, {from + count}});
  const uint64_t start = page_down(from);
  const uint64_t end = start + count + kPageSize;
  // Whole pages: protection that the runtime took away is given back for those.
  if (start < end && end < kUserEnd) runtime_.code_changed({{start}, {page_up(end)}});
}

void WrittenFiles::path_written(uint64_t path) {
  struct stat status {};
  if (failed(raw_syscall(__NR_stat, path, word(&status)))) return;
  if (space_.translates_file(status.st_dev, status.st_ino)) {
    file_written(status.st_dev, status.st_ino);
  }
}

void WrittenFiles::file_written(uint64_t device, uint64_t inode) {
  auto file = std::make_shared<BackingFile>();
  file->device = device;
  file->inode = inode;
  Mapping whole;
  constexpr uint64_t kLargestFile = uint64_t{1} << 62;
  whole.range = {{0}, {kLargestFile}};
  whole.file = std::move(file);
  runtime_.shared_view_changed(whole);
}

}  // namespace weft::linux
