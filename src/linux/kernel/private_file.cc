#include "linux/kernel/private_file.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <vector>

#include "linux/kernel/build_id.h"

namespace weft::linux {
namespace {

constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;

bool read_status(int fd, struct stat& status) {
  return !failed(raw_syscall(__NR_fstat, static_cast<uint64_t>(fd), word(&status)));
}

/// What is wrong with believing it; null if nothing is.
const char* distrust(const struct stat& status) {
  const auto user = static_cast<uid_t>(raw_syscall(__NR_geteuid));
  if (status.st_uid != user) return "belongs to another user";
  if ((status.st_mode & kWritableByOthers) != 0) return "can be written to by others";
  return nullptr;
}

template <typename T>
bool read_value(int fd, uint64_t offset, T& out) {
  return read_at(fd, offset, std::span(reinterpret_cast<uint8_t*>(&out), sizeof out));
}

std::string build_id(int fd) {
  Elf64_Ehdr header;
  if (!read_value(fd, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return {};
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return {};
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!read_value(fd, header.e_phoff + i * sizeof segment, segment)) return {};
    constexpr uint64_t kMostNotes = 64u << 10;
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMostNotes) continue;
    std::vector<uint8_t> notes(segment.p_filesz);
    if (!read_at(fd, segment.p_offset, std::span(notes))) return {};
    if (std::string id = build_id_in(notes); !id.empty()) return id;
  }
  return {};
}

std::string name_of(int fd, const struct stat& status) {
  constexpr size_t kLongestId = 64;
  const std::string id = build_id(fd);
  // The size tells a stripped file, or one that was cut off, from the original.
  if (!id.empty()) return fmt::format("{}-{:x}", id.substr(0, kLongestId), status.st_size);
  return fmt::format("{:x}-{:x}-{:x}-{:x}.{:x}", status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

UniqueFd open_to_read(const std::string& path, struct stat& status) {
  // Not to wait for the other end of a pipe.
  const int64_t fd = raw_syscall(__NR_open, word(path.c_str()), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (failed(fd)) return UniqueFd();
  UniqueFd file(static_cast<int>(fd));
  if (!read_status(file.get(), status) || !S_ISREG(status.st_mode)) file.reset();
  return file;
}

}  // namespace

Error error_of(const std::string& name, int64_t answer) {
  const int code = static_cast<int>(-answer);
  return {fmt::format("{}: {}", name, std::strerror(code)), code};
}

bool read_at(int fd, uint64_t offset, std::span<uint8_t> out) {
  const int64_t got =
      raw_syscall(__NR_pread64, static_cast<uint64_t>(fd), word(out.data()), out.size(), offset);
  return got == static_cast<int64_t>(out.size());
}

int64_t write_at(int fd, uint64_t offset, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const int64_t wrote = raw_syscall(__NR_pwrite64, static_cast<uint64_t>(fd), word(bytes.data()),
                                      bytes.size(), offset);
    if (wrote == -EINTR) continue;
    if (wrote <= 0) return wrote == 0 ? -EIO : wrote;
    offset += static_cast<uint64_t>(wrote);
    bytes = bytes.subspan(static_cast<size_t>(wrote));
  }
  return 0;
}

Result<UniqueFd> open_private_directory(const std::string& path) {
  const int64_t fd = raw_syscall(__NR_open, word(path.c_str()), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (failed(fd)) {
    return error_of("cannot use the directory " + path, fd);
  }
  UniqueFd directory(static_cast<int>(fd));
  struct stat status {};
  const bool known = read_status(directory.get(), status);
  const char* const wrong = known ? distrust(status) : "cannot be looked at";
  if (wrong != nullptr) {
    return Error{
        fmt::format("the directory {} {}: name one of your own with mode 0700", path, wrong),
        EPERM};
  }
  return directory;
}

Result<UniqueFd> make_private_directory(const std::string& path) {
  constexpr uint64_t kMode = 0700;
  raw_syscall(__NR_mkdir, word(path.c_str()), kMode);
  return open_private_directory(path);
}

Result<UniqueFd> open_private_file(const UniqueFd& directory, const std::string& name,
                                   struct stat& status) {
  const int64_t fd =
      raw_syscall(__NR_openat, static_cast<uint64_t>(directory.get()), word(name.c_str()),
                  O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd == -ENOENT) return UniqueFd();
  if (failed(fd)) return error_of(name, fd);
  UniqueFd file(static_cast<int>(fd));
  if (!read_status(file.get(), status) || !S_ISREG(status.st_mode) || status.st_size == 0) {
    return Error{fmt::format("{} is no file, or has nothing in it", name), EINVAL};
  }
  if (const char* wrong = distrust(status)) return Error{fmt::format("{} {}", name, wrong), EPERM};
  return file;
}

std::string content_name(const std::string& path) {
  struct stat status {};
  const UniqueFd file = open_to_read(path, status);
  return file.valid() ? name_of(file.get(), status) : std::string();
}

}  // namespace weft::linux
