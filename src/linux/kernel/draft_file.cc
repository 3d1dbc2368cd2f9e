// Files that are written under another name first, and room for them.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

#include "linux/kernel/calls.h"
#include "linux/kernel/directory.h"
#include "linux/kernel/private_file.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

/// Whether a write beyond what the program may make its files would end it.
bool is_over_limit(uint64_t size) {
  struct rlimit limit {};
  const int64_t answer = raw_syscall(__NR_prlimit64, 0, RLIMIT_FSIZE, 0, word(&limit));
  return failed(answer) || size > limit.rlim_cur;
}

}  // namespace

Result<DraftFile> DraftFile::create(const UniqueFd& directory, const std::string& name,
                                    uint64_t size) {
  if (is_over_limit(size)) return error_of(name, -EFBIG);
  constexpr uint64_t kMode = 0600;
  const std::string draft = fmt::format(".{}.{}", name, kernel::current_process());
  const auto at = static_cast<uint64_t>(directory.get());
  int64_t fd = -EEXIST;
  for (int tries = 0; tries < 2 && fd == -EEXIST; ++tries) {
    fd = raw_syscall(__NR_openat, at, word(draft.c_str()),
                     O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode);
    // Of a process of the same number that did not come to its end.
    if (fd == -EEXIST) raw_syscall(__NR_unlinkat, at, word(draft.c_str()), 0);
  }
  if (failed(fd)) return error_of(name, fd);
  DraftFile made(directory.get(), name, draft, UniqueFd(static_cast<int>(fd)));
  // What is not written has to be there as well.
  const int64_t answer = raw_syscall(__NR_ftruncate, static_cast<uint64_t>(fd), size);
  if (failed(answer)) return error_of(name, answer);
  return made;
}

DraftFile::~DraftFile() {
  if (!file_.valid() || draft_.empty()) return;
  raw_syscall(__NR_unlinkat, static_cast<uint64_t>(directory_), word(draft_.c_str()), 0);
}

Status DraftFile::keep(int64_t nanoseconds) {
  timespec now{};
  raw_syscall(__NR_clock_gettime, CLOCK_REALTIME, word(&now));
  const std::array<timespec, 2> times{now, timespec{now.tv_sec, nanoseconds}};
  const auto at = static_cast<uint64_t>(directory_);
  int64_t answer =
      raw_syscall(__NR_utimensat, static_cast<uint64_t>(file_.get()), 0, word(times.data()), 0);
  if (!failed(answer)) {
    answer = raw_syscall(__NR_renameat, at, word(draft_.c_str()), at, word(name_.c_str()));
  }
  if (failed(answer)) return error_of(name_, answer);
  draft_.clear();
  return Unit{};
}

std::vector<StoredFile> list_files(const UniqueFd& directory, std::string_view ending) {
  std::vector<StoredFile> found;
  const auto at = static_cast<uint64_t>(directory.get());
  raw_syscall(__NR_lseek, at, 0, SEEK_SET);
  any_name(directory.get(), [&](const std::string& name) {
    struct stat status {};
    if (!name.ends_with(ending)) return false;
    const int64_t known =
        raw_syscall(__NR_newfstatat, at, word(name.c_str()), word(&status), AT_SYMLINK_NOFOLLOW);
    if (failed(known) || !S_ISREG(status.st_mode)) return false;
    constexpr uint64_t kBlock = 512;  // whatever the file system's
    found.push_back({name, static_cast<uint64_t>(status.st_blocks) * kBlock, status.st_atim});
    return false;
  });
  return found;
}

void remove_least_used(const UniqueFd& directory, std::string_view ending, std::string_view kept,
                       uint64_t limit) {
  std::vector<StoredFile> files = list_files(directory, ending);
  uint64_t size = 0;
  for (const StoredFile& file : files) size += file.bytes;
  if (size <= limit) return;
  std::sort(files.begin(), files.end(), [](const StoredFile& one, const StoredFile& other) {
    return std::pair(one.used.tv_sec, one.used.tv_nsec) <
           std::pair(other.used.tv_sec, other.used.tv_nsec);
  });
  for (const StoredFile& file : files) {
    if (size <= limit) return;
    if (file.name == kept) continue;
    raw_syscall(__NR_unlinkat, static_cast<uint64_t>(directory.get()), word(file.name.c_str()), 0);
    size -= file.bytes;
  }
}

}  // namespace weft::linux
