// Descriptors that the runtime keeps open: at numbers above the program's, and out of reach of its
// close, dup2, close_range and fcntl. One object a process; any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "linux/kernel/gate.h"
#include "linux/kernel/program_thread.h"

namespace weft::linux {

class Descriptors {
 public:
  /// Moves `fd` to a number near the descriptor limit, closed on exec, for good. Returns the
  /// number, or -1 if there is no room (then `fd` is left as it is).
  int keep(int fd);
  /// A descriptor that is already out of the program's way. False if there is no room.
  bool adopt(int fd);
  /// Forgets and closes a kept descriptor.
  void release(int fd);

  /// Closes one that the runtime can do without, where the program has no number left. False if
  /// there is none.
  bool give_up_one();
  /// For a call that names the number of a kept one, if it can succeed natively: that moves up, or
  /// is closed.
  void make_way_for(const ProgramThread& thread, const SyscallArguments& call);
  /// The program has got a descriptor: those that it might get next move up. Not where threads have
  /// tables of their own, of which each would need to be changed.
  void after(const SyscallArguments& call, int64_t result);
  /// The program's thread goes on after a child that ran on it, with a copy of its table: what
  /// moved there did not move here.
  void child_gone();

  bool is_kept(uint64_t fd) const;
  /// Whether `name`, of an entry of /proc/self/fd, is the number of one.
  bool is_kept_name(std::string_view name) const;
  /// No kept descriptor is below.
  int lowest() const { return lowest_.load(std::memory_order_relaxed); }
  bool any() const { return lowest_.load(std::memory_order_relaxed) != kNone; }

  /// Whether `call` names a kept descriptor as one that it is about: to the program it is closed.
  /// Cheap.
  bool is_named(const SyscallArguments& call) const;
  /// The answer to a call that would replace a kept descriptor; nullopt if the call is to be passed
  /// on as it is. close_range is carried out around the kept ones.
  std::optional<int64_t> intercept(const SyscallArguments& call) const;

 private:
  static constexpr size_t kLimit = 16;
  static constexpr int kFreeSlot = -1;
  static constexpr int kNone = 0x7fff'ffff;

  /// Whether the path in argument `path` begins at a kept descriptor, the other argument.
  bool is_start_of(const SyscallArguments& call, uint8_t descriptor, uint8_t path) const;
  std::optional<int64_t> close_range(uint64_t first, uint64_t last, uint64_t flags) const;
  /// Moves `slot` to a number above `used`; false if it cannot. `in_child`: in a table of its own.
  bool move_up(std::atomic<int>& slot, int used, bool in_child);
  void find_lowest();

  std::atomic<int> lowest_{kNone};
  std::array<std::atomic<int>, kLimit> kept_{
      kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot,
      kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot, kFreeSlot};
  /// Where a slot of kept_ was changed in a child's table alone: 1 + the parent's number; else 0.
  std::array<std::atomic<int>, kLimit> parents_{};
  std::atomic<bool> child_moved_{false};
};

}  // namespace weft::linux
