// The memory of the shadow map: the near zone's from the start, that of other code when the code
// appears. Owned by the process; any thread.
#pragma once

#include <vector>

#include "base/address.h"
#include "base/fork_locks.h"
#include "base/result.h"
#include "base/spin_lock.h"
#include "linux/memory/shadowed_code.h"

namespace weft::linux {

class ShadowReservations {
 public:
  /// Reserves the shadow of the near zone. On failure (an address space limit, the range in use)
  /// the reason is returned and the process can only run with the hashed table.
  Status reserve_near();

  /// Reserves the shadow of `code`, whose memory is about to be executable, chunk by chunk where
  /// that has not been tried before. Chunks whose place is taken never have shadow. What was
  /// reserved is added to `reserved`.
  void reserve(AppRange code, std::vector<AppRange>& reserved);

  /// Whether all of `code` has shadow words.
  bool has(AppRange code) const;
  /// Whether some of `code` has none, although the place of its words is user memory: what the
  /// program has there is taken for shadow words by branches that do not look elsewhere first.
  bool lacks(AppRange code) const;
  const ShadowedCode& shadowed() const { return shadowed_; }

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  /// Whether it could be had.
  bool take(AppRange chunks, std::vector<AppRange>& reserved);

  SpinLock<LockRank::kReservations> lock_;
  ShadowedCode shadowed_;
};

}  // namespace weft::linux
