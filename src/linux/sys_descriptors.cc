#include "linux/sys_descriptors.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "linux/raw_syscall.h"

namespace weft::linux {

int Descriptors::keep(int fd) {
  rlimit limit{};
  raw_syscall(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, word(&limit));
  // A descriptor table reaches to its highest number: no further than programs usually go.
  const uint64_t ceiling = std::min<uint64_t>(limit.rlim_cur, 65536);
  if (ceiling < 2 * kLimit) return -1;
  const int64_t moved =
      raw_syscall(__NR_fcntl, static_cast<uint64_t>(fd), F_DUPFD_CLOEXEC, ceiling - kLimit);
  if (failed(moved)) return -1;
  for (auto& slot : kept_) {
    int expected = kFreeSlot;
    if (slot.compare_exchange_strong(expected, static_cast<int>(moved))) {
      count_.fetch_add(1);
      raw_syscall(__NR_close, static_cast<uint64_t>(fd));
      return static_cast<int>(moved);
    }
  }
  raw_syscall(__NR_close, static_cast<uint64_t>(moved));
  return -1;
}

void Descriptors::release(int fd) {
  for (auto& slot : kept_) {
    int expected = fd;
    if (slot.compare_exchange_strong(expected, kFreeSlot)) {
      count_.fetch_sub(1);
      raw_syscall(__NR_close, static_cast<uint64_t>(fd));
      return;
    }
  }
}

bool Descriptors::is_kept(uint64_t fd) const {
  if (!any()) return false;
  const int number = static_cast<int>(fd);  // the kernel, too, looks at the low 32 bits
  return number >= 0 && std::any_of(kept_.begin(), kept_.end(), [number](const auto& slot) {
           return slot.load(std::memory_order_relaxed) == number;
         });
}

std::optional<int64_t> Descriptors::intercept(const SyscallArguments& call) const {
  if (!any()) return std::nullopt;
  switch (call.number) {
    case __NR_close:
    case __NR_dup:
    case __NR_fcntl:
    case __NR_ioctl:
    case __NR_read:
    case __NR_write:
    case __NR_fstat:
    case __NR_fchdir:
      if (is_kept(call.a[0])) return -EBADF;
      return std::nullopt;
    case __NR_dup2:
    case __NR_dup3:
      if (is_kept(call.a[0])) return -EBADF;
      // A target beyond the descriptor limit is EBADF natively too.
      if (is_kept(call.a[1])) return -EBADF;
      return std::nullopt;
    case __NR_close_range:
      return close_range(call.a[0], call.a[1], call.a[2]);
    default:
      return std::nullopt;
  }
}

std::optional<int64_t> Descriptors::close_range(uint64_t first, uint64_t last,
                                                uint64_t flags) const {
  const uint64_t low = static_cast<uint32_t>(first);
  const uint64_t high = static_cast<uint32_t>(last);
  // Wrong arguments get the kernel's answer; descriptors marked close-on-exec already are.
  if (low > high || (flags & ~uint64_t{CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC}) != 0 ||
      (flags & CLOSE_RANGE_CLOEXEC) != 0) {
    return std::nullopt;
  }
  std::array<uint64_t, kLimit> inside{};
  size_t count = 0;
  for (const auto& slot : kept_) {
    const int fd = slot.load(std::memory_order_relaxed);
    if (fd < 0) continue;
    const auto number = static_cast<uint64_t>(fd);
    if (number >= low && number <= high) inside[count++] = number;
  }
  if (count == 0) return std::nullopt;
  std::sort(inside.begin(), inside.begin() + static_cast<std::ptrdiff_t>(count));
  uint64_t next = low;
  for (size_t i = 0; i < count; ++i) {
    if (next < inside[i]) {
      const int64_t result = raw_syscall(__NR_close_range, next, inside[i] - 1, flags);
      if (failed(result)) return result;
    }
    next = inside[i] + 1;
  }
  if (next > high) return 0;
  return raw_syscall(__NR_close_range, next, high, flags);
}

}  // namespace weft::linux
