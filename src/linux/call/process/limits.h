// RLIMIT_AS and RLIMIT_DATA: the kernel counts the runtime's memory (with the shadow map, terabytes
// of reservation) against them, so the program's limits are kept here and the kernel gets them with
// that much added. One object a process; any program thread.
#pragma once

#include <sys/resource.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/fork_locks.h"
#include "base/spin_lock.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/program_thread.h"
#include "linux/memory/address_space.h"

namespace weft::linux {

/// Whether RLIMIT_DATA counts a mapping of this kind.
bool is_limited_data(int prot, int flags);

class Limits {
 public:
  /// The program is mapped: its limits that were lifted at the start hold from now on.
  explicit Limits(const AddressSpace& space);

  /// Answers getrlimit, setrlimit and prlimit64 on these limits of this process; nullopt for all
  /// else.
  std::optional<int64_t> intercept(const ProgramThread& thread, const SyscallArguments& call);

  /// Whether RLIMIT_DATA lets the program have `more` bytes of private writable memory.
  bool allows_data(uint64_t more);
  /// The same for the program's break, whose `whole` size it limits too.
  bool allows_break(uint64_t whole, uint64_t more);
  /// Whether the program has set that limit itself; cheap. One that it began with is the kernel's
  /// to enforce.
  bool limits_data() const { return limits_data_.load(std::memory_order_relaxed); }

  /// Before execve: the kernel gets the program's own limits, for the new image to inherit. After
  /// a failure undo_exec() puts the larger ones back.
  // A child of vfork, which may be killed at any time, takes no lock.
  void prepare_exec() NO_THREAD_SAFETY_ANALYSIS;
  void undo_exec() NO_THREAD_SAFETY_ANALYSIS;

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  static constexpr size_t kCount = 2;
  struct Entry {
    std::optional<rlimit64> program;  ///< as the program set it; empty: as the kernel has it
    rlimit64 kernel{};                ///< what the kernel was given instead
  };

  int64_t change(size_t index, const rlimit64& wanted) REQUIRES(lock_);
  rlimit64 current(size_t index) const REQUIRES(lock_);
  uint64_t overhead(size_t index) const;
  uint64_t program_size(bool only_data) const;

  const AddressSpace& space_;
  std::atomic<bool> limits_data_{false};
  SpinLock<LockRank::kLimits> lock_;
  std::array<Entry, kCount> entries_ GUARDED_BY(lock_);
};

}  // namespace weft::linux
