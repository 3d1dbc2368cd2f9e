#include "linux/call/file/kept_names.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "linux/call/file/listings.h"
#include "linux/call/table.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"
#include "linux/kernel/unique_fd.h"

namespace weft::linux {
namespace {

constexpr size_t kPathLimit = 4096;

/// Whether `folder`, from the descriptor `directory` on, lists the process's own descriptors.
bool leads_to_own_list(const ProgramThread& thread, uint64_t directory, const std::string& folder) {
  const int64_t opened =
      raw_syscall(__NR_openat, directory, word(folder.c_str()), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (failed(opened)) return false;
  const UniqueFd fd(static_cast<int>(opened));
  return lists_own_descriptors(thread, static_cast<uint64_t>(opened));
}

/// Whether the path at `address` goes by way of a kept descriptor. Links that the program has made
/// to one are not seen.
bool goes_through_kept(const ProgramThread& thread, uint64_t directory, uint64_t address,
                       const Descriptors& descriptors) {
  std::string path;
  if (address == 0 || read_program_string(&path, address, kPathLimit) != 0) return false;
  for (size_t start = 0; start < path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    const std::string_view name = std::string_view(path).substr(start, end - start);
    if (descriptors.is_kept_name(name)) {
      const std::string before = start == 0 ? "." : path.substr(0, start);
      if (leads_to_own_list(thread, directory, before)) return true;
    }
    start = end + 1;
  }
  return false;
}

bool has_path_through_kept(const ProgramThread& thread, const SyscallArguments& call,
                           const Descriptors& descriptors) {
  const SystemCall& row = system_call(call.number);
  constexpr auto kHere = static_cast<uint64_t>(AT_FDCWD);
  const PathArgument first = row.path.index != kNoArgument ? row.path : row.place;
  if (first.index != kNoArgument &&
      goes_through_kept(thread, first.relative_to_fd ? call.a[0] : kHere, call.a[first.index],
                        descriptors)) {
    return true;
  }
  return row.second.path != kNoArgument && goes_through_kept(thread, call.a[row.second.argument],
                                                             call.a[row.second.path], descriptors);
}

bool hands_on_kept(const msghdr& message, const Descriptors& descriptors) {
  // The kernel takes 253 descriptors in a message.
  constexpr size_t kMost = 1 << 14;
  if (message.msg_control == nullptr || message.msg_controllen < sizeof(cmsghdr) ||
      message.msg_controllen > kMost) {
    return false;
  }
  std::vector<uint8_t> control(message.msg_controllen);
  if (!read_program(control.data(), word(message.msg_control), control.size())) return false;
  for (size_t at = 0; at + sizeof(cmsghdr) <= control.size();) {
    cmsghdr header{};
    std::memcpy(&header, control.data() + at, sizeof header);
    if (header.cmsg_len < sizeof header || header.cmsg_len > control.size() - at) return false;
    const bool rights = header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_RIGHTS;
    for (size_t i = at + sizeof header; rights && i + sizeof(int) <= at + header.cmsg_len;
         i += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, control.data() + i, sizeof fd);
      if (fd >= 0 && descriptors.is_kept(static_cast<uint64_t>(fd))) return true;
    }
    at += CMSG_ALIGN(header.cmsg_len);
  }
  return false;
}

/// How many of the messages of sendmmsg hand on no kept descriptor, from the first on.
uint64_t innocent_messages(const SyscallArguments& call, const Descriptors& descriptors) {
  const uint64_t count = static_cast<uint32_t>(call.a[2]);
  constexpr uint64_t kMost = 1024;  // the kernel's
  for (uint64_t i = 0; i < std::min(count, kMost); ++i) {
    mmsghdr each{};
    if (!read_program(&each, call.a[1] + i * sizeof each)) break;
    if (hands_on_kept(each.msg_hdr, descriptors)) return i;
  }
  return count;
}

/// Whether the pidfd `fd` is of the process itself.
bool is_own_pidfd(const ProgramThread& thread, uint64_t fd) {
  const int64_t opened = Surroundings::instance().open_proc(
      "/proc/thread-self/fdinfo/" + std::to_string(fd), O_RDONLY | O_CLOEXEC);
  if (failed(opened)) return false;
  const UniqueFd info(static_cast<int>(opened));
  char text[1024] = "";
  raw_syscall(__NR_read, static_cast<uint64_t>(opened), word(text), sizeof text - 1);
  return std::string_view(text).find("\nPid:\t" + std::to_string(thread.pid) + "\n") !=
         std::string_view::npos;
}

}  // namespace

std::optional<int64_t> refuse_kept(const ProgramThread& thread, SyscallArguments& call,
                                   const Descriptors& descriptors) {
  if (!descriptors.any()) return std::nullopt;
  switch (call.number) {
    case __NR_sendmsg: {
      msghdr message{};
      const bool refused = read_program(&message, call.a[1]) && hands_on_kept(message, descriptors);
      return refused ? std::optional<int64_t>(-EBADF) : std::nullopt;
    }
    case __NR_sendmmsg: {
      const uint64_t count = innocent_messages(call, descriptors);
      if (count == 0 && static_cast<uint32_t>(call.a[2]) != 0) return -EBADF;
      call.a[2] = count;
      return std::nullopt;
    }
    case __NR_pidfd_getfd:
      if (descriptors.is_kept(call.a[1]) && is_own_pidfd(thread, call.a[0])) return -EBADF;
      return std::nullopt;
    default:
      if (has_path_through_kept(thread, call, descriptors)) return -ENOENT;
      return std::nullopt;
  }
}

}  // namespace weft::linux
