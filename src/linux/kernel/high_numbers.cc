#include "linux/kernel/high_numbers.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

constexpr uint64_t kRoom = 16;

int copy_from(int fd, uint64_t command, uint64_t lowest) {
  return static_cast<int>(raw_syscall(__NR_fcntl, static_cast<uint64_t>(fd), command, lowest));
}

rlimit64 descriptor_limit() {
  rlimit64 limit{};
  raw_syscall(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, word(&limit));
  return limit;
}

int copy_out_of_reach(int fd, uint64_t command, const rlimit64& limit) {
  constexpr uint64_t kHighest = 65536;
  if (limit.rlim_cur <= kHighest) {
    const rlimit64 more{limit.rlim_cur + kRoom, std::max(limit.rlim_max, limit.rlim_cur + kRoom)};
    if (!failed(raw_syscall(__NR_prlimit64, 0, RLIMIT_NOFILE, word(&more), 0))) {
      const int copy = copy_from(fd, command, limit.rlim_cur);
      raw_syscall(__NR_prlimit64, 0, RLIMIT_NOFILE, word(&limit), 0);
      if (copy >= 0) return copy;
    }
  }
  const uint64_t ceiling = std::min<uint64_t>(limit.rlim_cur, kHighest);
  if (ceiling < 2 * kRoom) return -1;
  // The last numbers, so that the program gets its own in order until there are no more.
  int copy = -1;
  for (uint64_t lowest = ceiling; copy < 0 && lowest > ceiling - kRoom;) {
    copy = copy_from(fd, command, --lowest);
  }
  return std::max(copy, -1);
}

int copy_above(int fd, uint64_t command, int used) {
  const rlimit64 limit = descriptor_limit();
  // The kernel's tables have twice the size before, each time, from 128 on: the last places of one.
  for (const uint64_t place : {128u, 512u, 1024u, 4096u, 16384u}) {
    const uint64_t lowest = place - kRoom;
    if (place > limit.rlim_cur) break;
    if (used + kNumbersAhead >= static_cast<int>(lowest)) continue;
    const int copy = copy_from(fd, command, lowest);
    if (copy >= 0 && static_cast<uint64_t>(copy) < place) return copy;
    if (copy >= 0) kernel::close(copy);
  }
  const int copy = copy_out_of_reach(fd, command, limit);
  if (copy < 0 || copy > used) return copy;
  kernel::close(copy);
  return -1;
}

}  // namespace

int copy_above(int fd, int used) { return copy_above(fd, F_DUPFD_CLOEXEC, used); }

int copy_out_of_reach(int fd) { return copy_out_of_reach(fd, F_DUPFD_CLOEXEC, descriptor_limit()); }

int copy_for_exec(int fd) {
  const int copy = copy_above(fd, F_DUPFD, fd);
  return copy >= 0 ? copy : static_cast<int>(raw_syscall(__NR_dup, static_cast<uint64_t>(fd)));
}

}  // namespace weft::linux
