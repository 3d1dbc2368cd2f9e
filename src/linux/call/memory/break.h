// The program break: an area of its own that grows and shrinks as brk(2) asks, because the kernel's
// break belongs to the runtime's heap. Thread-safe by its own lock.
#pragma once

#include <cstdint>
#include <functional>

#include "base/fork_locks.h"
#include "base/spin_lock.h"
#include "linux/memory/address_space.h"

namespace weft::linux {

class ProgramBreak {
 public:
  /// A break that starts at `start` (page-aligned) and stays below `limit`.
  ProgramBreak(AddressSpace& space, uint64_t start, uint64_t limit);

  /// Whether the break may become so large, which needs so many bytes more. Called with the lock
  /// held.
  using Allowance = std::function<bool(uint64_t whole, uint64_t more)>;

  /// brk(2): moves the break to `address` if that can be done; returns where it is now. `*released`
  /// is the range that was unmapped, if any.
  uint64_t set(uint64_t address, AppRange* released, const Allowance& allows);

  uint64_t start() const { return start_; }

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  bool grow(uint64_t from, uint64_t to);
  bool shrink(uint64_t from, uint64_t to);

  AddressSpace& space_;
  const uint64_t start_;
  const uint64_t limit_;
  SpinLock<LockRank::kBreak> lock_;
  uint64_t current_ GUARDED_BY(lock_);
};

}  // namespace weft::linux
