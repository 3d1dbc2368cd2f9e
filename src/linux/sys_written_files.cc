#include "linux/sys_written_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "linux/layout.h"
#include "linux/raw_syscall.h"
#include "linux/sys_program_memory.h"

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
  switch (call.number) {
    case __NR_write:
    case __NR_pwrite64:
    case __NR_writev:
    case __NR_pwritev:
    case __NR_pwritev2:
    case __NR_sendfile:
      return result > 0 ? call.a[0] : kNoDescriptor;
    case __NR_copy_file_range:
    case __NR_splice:
      return result > 0 ? call.a[2] : kNoDescriptor;
    case __NR_ftruncate:
    case __NR_fallocate:
      return result == 0 ? call.a[0] : kNoDescriptor;
    case __NR_open:
    case __NR_openat:
    case __NR_openat2:
    case __NR_creat:
      return result >= 0 && (open_flags(call) & O_TRUNC) != 0 ? static_cast<uint64_t>(result)
                                                              : kNoDescriptor;
    default:
      return kNoDescriptor;
  }
}

/// Whether the tasks that the call makes, or the caller, share memory and not descriptors, or the
/// other way round, for longer than a vfork.
bool parts_descriptors(const SyscallArguments& call) {
  uint64_t flags = 0;
  switch (call.number) {
    case __NR_unshare:
      return (call.a[0] & CLONE_FILES) != 0;
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

/// Whether what `fd` refers to, of this status, is this process's memory in /proc.
bool is_own_memory(uint64_t fd, const struct stat& status) {
  // Most files are told apart by this: the memory has no size, and is its owner's alone.
  constexpr mode_t kMode = S_IFREG | 0600;
  if (status.st_size != 0 || status.st_mode != kMode) return false;
  const std::string link = "/proc/thread-self/fd/" + std::to_string(fd);
  char path[64];
  const int64_t length = raw_syscall(__NR_readlink, word(link.c_str()), word(path), sizeof path);
  if (failed(length)) return false;
  const std::string_view name(path, static_cast<size_t>(length));
  const std::string own = "/proc/" + std::to_string(raw_syscall(__NR_getpid)) + "/";
  return name.starts_with(own) && name.ends_with("/mem");
}

/// Where in its file a call that wrote `count` bytes began.
uint64_t written_from(const SyscallArguments& call, uint64_t count) {
  const bool at_cursor = call.number == __NR_write || call.number == __NR_writev;
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
    const bool memory = descriptor_written(static_cast<uint32_t>(fd), own_descriptors);
    if (memory && result > 0) memory_written(call, static_cast<uint64_t>(result));
    return;
  }
  if (call.number == __NR_truncate && result == 0) path_written(call.a[0]);
}

bool WrittenFiles::descriptor_written(uint64_t fd, bool own_descriptors) {
  const uint32_t version = space_.translated_files_version() & ~kUnknown;
  const bool learns = fd < kKnown && !own_descriptors && version != 0 &&
                      !tables_differ_.load(std::memory_order_relaxed);
  uint32_t state = 0;
  if (learns) {
    state = known_[fd].load(std::memory_order_relaxed);
    if (state == version) return false;
  }
  struct stat status {};
  if (failed(raw_syscall(__NR_fstat, fd, word(&status)))) return false;
  if (is_own_memory(fd, status)) return true;
  if (space_.translates_file(status.st_dev, status.st_ino)) {
    file_written(status.st_dev, status.st_ino);
  } else if (learns) {
    known_[fd].compare_exchange_strong(state, version, std::memory_order_relaxed);
  }
  return false;
}

void WrittenFiles::memory_written(const SyscallArguments& call, uint64_t count) {
  const uint64_t start = page_down(written_from(call, count));
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
