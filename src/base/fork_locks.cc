#include "base/fork_locks.h"

#include <algorithm>

#include "base/check.h"

namespace weft {

void ForkLocks::add(const Entry& entry) {
  const AtFork wanted = at_fork(entry.rank);
  CHECK(wanted == AtFork::kTaken || wanted == AtFork::kIfThere);
  const auto behind = std::ranges::lower_bound(entries_, entry.rank, {}, &Entry::rank);
  CHECK(behind == entries_.end() || behind->rank != entry.rank);
  entries_.insert(behind, entry);
}

bool ForkLocks::has_all() const {
  for (uint8_t i = 0; i < static_cast<uint8_t>(LockRank::kCount); ++i) {
    const LockRank rank{i};
    if (at_fork(rank) == AtFork::kTaken &&
        std::ranges::find(entries_, rank, &Entry::rank) == entries_.end())
      return false;
  }
  return true;
}

void ForkLocks::lock() {
  for (const Entry& entry : entries_) entry.lock(entry.object);
  if (lock_order::g_checked) holder_ = lock_order::current_thread();
}

void ForkLocks::unlock(bool child) {
  if (child && lock_order::g_checked) lock_order::note_forked(holder_);
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    entry->unlock(entry->object, child);
  }
}

}  // namespace weft
