#include "linux/call/file/running_program.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include "linux/kernel/directory.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"
#include "linux/kernel/unique_fd.h"
#include "linux/memory/foreign_port.h"

namespace weft::linux {
namespace {

/// A file that `call` is about to write, or to open for that; `path` 0: it does neither.
struct Written {
  uint64_t directory = static_cast<uint64_t>(AT_FDCWD);
  uint64_t path = 0;
  bool follow = true;
};

Written opened(uint64_t directory, uint64_t path, uint64_t flags) {
  const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
  // Of these the kernel has another answer, or opens nothing.
  const bool other =
      (flags & (O_PATH | O_DIRECTORY)) != 0 || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
  if (!writes || other) return {};
  return {directory, path, (flags & O_NOFOLLOW) == 0};
}

Written written_by(const SyscallArguments& call) {
  constexpr auto kHere = static_cast<uint64_t>(AT_FDCWD);
  switch (call.number) {
    case __NR_open:
      return opened(kHere, call.a[0], call.a[1]);
    case __NR_openat:
      return opened(call.a[0], call.a[1], call.a[2]);
    case __NR_openat2: {
      open_how how{};
      if (!read_program(&how, call.a[2]) || how.resolve != 0) return {};
      return opened(call.a[0], call.a[1], how.flags);
    }
    case __NR_creat:
      return opened(kHere, call.a[0], O_CREAT | O_WRONLY | O_TRUNC);
    case __NR_truncate:
      return {kHere, call.a[0], true};
    default:
      return {};
  }
}

/// The same for the directory `path` of /proc.
template <typename Visit>
bool any_name_in_proc(const std::string& path, const Visit& visit) {
  const int64_t opened =
      Surroundings::instance().open_proc(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (failed(opened)) return false;
  const UniqueFd fd(static_cast<int>(opened));
  return any_name(fd.get(), visit);
}

bool stat_proc(const std::string& path, struct stat* status) {
  const Surroundings::Place place = Surroundings::instance().in_proc(path);
  return !failed(raw_syscall(__NR_newfstatat, static_cast<uint64_t>(place.directory),
                             word(place.path.c_str()), word(status), 0));
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// Whether the process `pid` runs `file` under weft.
bool runs(const std::string& pid, const struct stat& file) {
  const auto record = foreign_record(std::atoi(pid.c_str()));
  return record && record->program_device == file.st_dev && record->program_inode == file.st_ino;
}

bool is_run_by_another(const struct stat& file) {
  struct stat weft {};
  const int held = Surroundings::instance().weft();
  if (held < 0 || failed(raw_syscall(__NR_fstat, static_cast<uint64_t>(held), word(&weft)))) {
    return false;
  }
  return any_name_in_proc("/proc/.", [&](const std::string& name) {
    if (name.front() < '0' || name.front() > '9') return false;
    struct stat executed {};
    return stat_proc("/proc/" + name + "/exe", &executed) && same_file(executed, weft) &&
           runs(name, file);
  });
}

}  // namespace

RunningProgram::RunningProgram() {
  const int executable = Surroundings::instance().executable();
  struct stat status {};
  if (executable < 0 ||
      failed(raw_syscall(__NR_fstat, static_cast<uint64_t>(executable), word(&status)))) {
    return;
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

bool RunningProgram::is_running(uint64_t directory, uint64_t path, bool follow) const {
  struct stat status {};
  if (inode_ == 0 ||
      failed(raw_syscall(__NR_newfstatat, directory, path, word(&status),
                         follow ? 0 : AT_SYMLINK_NOFOLLOW)) ||
      !S_ISREG(status.st_mode) || (status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) {
    return false;
  }
  return (status.st_dev == device_ && status.st_ino == inode_) || is_run_by_another(status);
}

std::optional<int64_t> RunningProgram::intercept(const SyscallArguments& call) const {
  const Written file = written_by(call);
  if (file.path == 0 || !is_running(file.directory, file.path, file.follow)) return std::nullopt;
  // Whether it may be written at all comes first.
  const int64_t access = raw_syscall(__NR_faccessat2, file.directory, file.path, W_OK, AT_EACCESS);
  return failed(access) ? std::nullopt : std::optional<int64_t>(-ETXTBSY);
}

}  // namespace weft::linux
