// Indirect branches that look into the hash table before they read the shadow map, because they
// have led to code that has no shadow word. Owned by the engine; any thread, short lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <unordered_set>

#include "base/address.h"
#include "base/check.h"
#include "base/spin_lock.h"

namespace weft::translate {

class HashedSites {
 public:
  /// The branch at `site`. False if it is one already.
  bool add(AppPc site) {
    const Locked held(lock_);
    const bool added = sites_.insert(site.value).second;
    // Release: who sees it finds the site in the set.
    any_.store(true, std::memory_order_release);
    return added;
  }
  /// All branches, from now on. False if they are already.
  bool add_all() {
    any_.store(true, std::memory_order_release);
    return !all_.exchange(true, std::memory_order_acq_rel);
  }
  bool has(AppPc site) const {
    if (!any_.load(std::memory_order_acquire)) return false;
    if (all_.load(std::memory_order_acquire)) return true;
    const Locked held(lock_);
    return sites_.contains(site.value);
  }

  /// For a fork.
  SpinLock<LockRank::kHashedSites>& lock() { return lock_; }

 private:
  std::atomic<bool> any_{false};
  std::atomic<bool> all_{false};
  mutable SpinLock<LockRank::kHashedSites> lock_;
  std::unordered_set<uint64_t> sites_ GUARDED_BY(lock_);
};

}  // namespace weft::translate
