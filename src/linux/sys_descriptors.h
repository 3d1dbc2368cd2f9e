// Descriptors that the runtime keeps open: at the highest numbers, and out of reach of the
// program's close, dup2, close_range and fcntl. One object a process; any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "linux/sys_gate.h"

namespace weft::linux {

class Descriptors {
 public:
  /// Moves `fd` to a number near the descriptor limit, closed on exec. Returns the number, or -1 if
  /// there is no room (then `fd` is left as it is).
  int keep(int fd);
  /// Forgets and closes a kept descriptor.
  void release(int fd);

  bool is_kept(uint64_t fd) const;
  bool any() const { return count_.load(std::memory_order_relaxed) != 0; }

  /// The answer to a call that names a kept descriptor, which the program may not see; nullopt if
  /// the call is to be passed on as it is. close_range is carried out around the kept ones.
  std::optional<int64_t> intercept(const SyscallArguments& call) const;

 private:
  static constexpr size_t kLimit = 16;
  static constexpr int kFreeSlot = -1;

  std::optional<int64_t> close_range(uint64_t first, uint64_t last, uint64_t flags) const;

  std::atomic<int> count_{0};
  std::array<std::atomic<int>, kLimit> kept_{
      kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot,
      kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot};
};

}  // namespace weft::linux
