#include "linux/call/file/descriptors.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "linux/call/table.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/high_numbers.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"

namespace weft::linux {
namespace {

/// The lowest number that `call` asks for if it copies a descriptor to a free one; -1 of others.
int64_t lowest_copy(const SyscallArguments& call) {
  if (call.number != __NR_fcntl) return -1;
  const auto command = static_cast<int>(call.a[1]);
  return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? static_cast<int>(call.a[2]) : -1;
}

/// The highest of the descriptors that a call made whose row says that it makes one; -1: none.
int made_by(const SyscallArguments& call, int64_t result) {
  if (failed(result)) return -1;
  switch (call.number) {
    case __NR_fcntl:
      return lowest_copy(call) >= 0 ? static_cast<int>(result) : -1;
    case __NR_pipe:
    case __NR_pipe2:
    case __NR_socketpair: {
      std::array<int, 2> pair{-1, -1};
      read_program(&pair, call.a[call.number == __NR_socketpair ? 3 : 0]);
      return std::max(pair[0], pair[1]);
    }
    default:
      return static_cast<int>(result);
  }
}

}  // namespace

int Descriptors::keep(int fd) {
  const int moved = copy_out_of_reach(fd);
  if (moved < 0) return -1;
  const bool kept = adopt(moved);
  kernel::close(kept ? fd : moved);
  return kept ? moved : -1;
}

bool Descriptors::adopt(int fd) {
  for (auto& slot : kept_) {
    int expected = kFreeSlot;
    if (!slot.compare_exchange_strong(expected, fd)) continue;
    int lowest = lowest_.load();
    while (fd < lowest && !lowest_.compare_exchange_weak(lowest, fd)) {
    }
    return true;
  }
  return false;
}

void Descriptors::release(int fd) {
  for (auto& slot : kept_) {
    int expected = fd;
    if (slot.compare_exchange_strong(expected, kFreeSlot)) {
      kernel::close(fd);
      return;
    }
  }
}

bool Descriptors::give_up_one() {
  const int fd = Surroundings::instance().give_up_one();
  for (auto& slot : kept_) {
    int expected = fd;
    if (fd >= 0 && slot.compare_exchange_strong(expected, kFreeSlot)) return true;
  }
  return false;
}

void Descriptors::make_way_for(const ProgramThread& thread, const SyscallArguments& call) {
  const int64_t lowest = lowest_copy(call);
  const bool replaces = call.number == __NR_dup2 || call.number == __NR_dup3;
  if (!replaces && lowest < 0) return;
  const auto wanted = static_cast<uint64_t>(replaces ? static_cast<int64_t>(call.a[1]) : lowest);
  if (!is_kept(wanted) || is_kept(call.a[0]) || thread.shares_memory) return;
  const bool is_open = !failed(raw_syscall(__NR_fcntl, call.a[0], F_GETFD));
  rlimit64 limit{};
  raw_syscall(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, word(&limit));
  const int fd = static_cast<int>(wanted);
  if (!is_open || static_cast<uint64_t>(fd) >= limit.rlim_cur) return;
  for (auto& slot : kept_) {
    // All that a copy could get next: it is to have the first free number.
    const int kept = slot.load();
    if (kept < fd || kept >= fd + kNumbersAhead) continue;
    if (move_up(slot, kept, thread.borrowed) || kept != fd || thread.borrowed) continue;
    int expected = kept;
    if (Surroundings::instance().give_up(kept)) slot.compare_exchange_strong(expected, kFreeSlot);
  }
}

void Descriptors::after(const SyscallArguments& call, int64_t result) {
  const int made = made_by(call, result);
  if (made < lowest_.load(std::memory_order_relaxed) - kNumbersAhead) return;
  for (auto& slot : kept_) {
    const int kept = slot.load();
    if (kept >= 0 && made >= kept - kNumbersAhead && made < kept + kNumbersAhead)
      move_up(slot, std::max(made, kept), false);
  }
}

bool Descriptors::move_up(std::atomic<int>& slot, int used, bool in_child) {
  int kept = slot.load();
  const int copy = Surroundings::instance().copy_up(kept, used);
  if (copy < 0) return false;
  // The old number is closed when nobody takes it for a kept one any more.
  const int old = kept;
  if (!slot.compare_exchange_strong(kept, copy)) return false;
  if (in_child) {
    int none = 0;
    parents_[static_cast<size_t>(&slot - kept_.data())].compare_exchange_strong(none, old + 1);
    child_moved_.store(true);
  }
  find_lowest();
  kernel::close(old);
  return true;
}

void Descriptors::child_gone() {
  if (!child_moved_.load()) return;
  child_moved_.store(false);
  for (size_t i = 0; i < kLimit; ++i) {
    const int parents = parents_[i].exchange(0);
    if (parents == 0) continue;
    Surroundings::instance().take_back(kept_[i].load(), parents - 1);
    kept_[i].store(parents - 1);
  }
  find_lowest();
}

void Descriptors::find_lowest() {
  int lowest = kNone;
  for (const auto& slot : kept_) {
    const int kept = slot.load();
    if (kept >= 0) lowest = std::min(lowest, kept);
  }
  lowest_.store(lowest);
}

bool Descriptors::is_kept(uint64_t fd) const {
  const int number = static_cast<int>(fd);  // the kernel, too, looks at the low 32 bits
  if (number < lowest_.load(std::memory_order_relaxed)) return false;
  return std::any_of(kept_.begin(), kept_.end(), [number](const auto& slot) {
    return slot.load(std::memory_order_relaxed) == number;
  });
}

bool Descriptors::is_kept_name(std::string_view name) const {
  uint64_t number = 0;
  const char* const end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data(), end, number);
  return parsed.ec == std::errc{} && parsed.ptr == end && is_kept(number);
}

bool Descriptors::is_named(const SyscallArguments& call) const {
  if (!any()) return false;
  const SystemCall& row = system_call(call.number);
  if (row.names_descriptor && is_kept(call.a[0])) return true;
  if (row.path.relative_to_fd && is_start_of(call, 0, row.path.index)) return true;
  if (row.second.argument == kNoArgument) return false;
  if (call.number == __NR_mmap && (call.a[3] & MAP_ANONYMOUS) != 0) return false;
  if (row.second.path != kNoArgument)
    return is_start_of(call, row.second.argument, row.second.path);
  return is_kept(call.a[row.second.argument]);
}

bool Descriptors::is_start_of(const SyscallArguments& call, uint8_t descriptor,
                              uint8_t path) const {
  if (!is_kept(call.a[descriptor])) return false;
  // A directory that the call does not look at may be anything.
  char first = 0;
  return read_program(&first, call.a[path]) && first != '/';
}

std::optional<int64_t> Descriptors::intercept(const SyscallArguments& call) const {
  if (!any()) return std::nullopt;
  switch (call.number) {
    case __NR_dup2:
    case __NR_dup3:
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
