// Writable pages that hold translated code: read-only to the kernel until the program writes there,
// so that no fragment outlives the bytes it was made from. Owned by the engine; any thread, short
// lock.
#pragma once

#include <cstdint>
#include <unordered_set>

#include "base/address.h"
#include "base/spin_lock.h"
#include "linux/address_space.h"

namespace weft::engine {

class CodePages {
 public:
  explicit CodePages(linux::AddressSpace& space) : space_(space) {}

  /// Before code is read from `range`, whole pages of one writable mapping: takes write permission
  /// away.
  void protect(AppRange range);
  /// Whether write permission was taken from the page of `address`.
  bool holds(AppPc address);
  /// Gives write permission back in `range`, where the program has it. The caller deletes the
  /// fragments there afterwards, so that what is translated in between dies, too.
  void release(AppRange range);
  /// Gives it back everywhere; returns the pages.
  std::unordered_set<uint64_t> release_all();
  /// The range was mapped anew or its protection set by the program: nothing is taken away there
  /// now.
  void forget(AppRange range);

  void lock_for_fork() { lock_.lock(); }
  void unlock_after_fork() { lock_.unlock(); }

 private:
  void set_kernel_protection(uint64_t page, bool writable) const;

  linux::AddressSpace& space_;
  SpinLock lock_;
  std::unordered_set<uint64_t> pages_;  ///< addresses; under lock_
};

}  // namespace weft::engine
