// The code caches and what belongs to each: one that threads share, and, with --cache=private, one
// for each thread, as long as there is room near the program. A thread's cache serves another one
// when the thread has ended. Owned by the engine; any thread, short lock.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/address.h"
#include "base/fork_locks.h"
#include "base/result.h"
#include "base/spin_lock.h"
#include "cache/code_cache.h"
#include "cache/epochs.h"
#include "cache/hash_targets.h"
#include "cache/mixed_targets.h"
#include "cache/stats.h"
#include "engine/cache_set.h"
#include "engine/options.h"
#include "translate/environment.h"

namespace weft::engine {

/// A cache with the indirect targets that only its code reads, and what that code refers to.
struct CacheInstance {
  cache::HashTargets hash;  ///< beside a shadow map, of the code that has no word there
  std::unique_ptr<cache::MixedTargets> mixed;  ///< beside a shadow map
  CachePc hash_miss;
  std::unique_ptr<cache::CodeCache> cache;
  translate::Environment environment;
  cache::DebugView debug_view;
  bool broken_off = false;  ///< its thread did not end, but was left behind by a fork
};

/// How code memory is shared out.
struct CachePlan {
  uint64_t shared_size = 0;
  uint64_t private_size = 0;
  uint32_t private_count = 0;

  uint64_t total() const { return shared_size + private_size * private_count; }
  /// `limit`: bytes of code memory that there can be near the program.
  static CachePlan make(const Options& options, uint64_t limit);
};

class Caches {
 public:
  struct Parts {
    const Options& options;
    cache::Epochs& epochs;
    cache::ShadowMap* shadow;  ///< null: each cache has a hashed table alone
    const linux::ShadowedCode* shadowed;
    const translate::HashedSites* hashed_sites;
    cache::Listener* listener;  ///< null if there are no tools
    std::function<void(cache::EpochSlot&)> nudge;
    const std::atomic<bool>* pairs_returns;  ///< from when it is true on; null: as the options say
    const std::atomic<uint8_t>* branch_choice;  ///< Environment::branch_choice
  };
  explicit Caches(Parts parts) : parts_(std::move(parts)) {}
  Caches(const Caches&) = delete;
  Caches& operator=(const Caches&) = delete;

  /// Makes the shared cache at `base`; 0: anywhere, and then there are no private ones.
  Status start(const CachePlan& plan, uint64_t base);
  /// Beside a shadow map: the shared cache's hash table is there to be read. Before any branch
  /// looks there.
  void ready_hash();
  /// All code memory that there will be.
  AppRange range() const { return range_; }
  CacheInstance& shared() { return *shared_; }
  const CacheSet& set() const { return set_; }

  /// The cache that a new thread runs from.
  CacheInstance& take();
  /// The thread has ended: what is in its cache, if it is its own, is deleted where there is much
  /// of it, or a tool. Else the next thread finds it.
  void give(CacheInstance& instance);

  /// Of all caches together.
  cache::CodeCache::Stats stats() const;

  void add_fork_locks(ForkLocks& locks);
  /// Around fork(), with the lock: no operation is under way in any cache.
  void lock_for_fork();
  void unlock_after_fork(bool child);
  /// In the child: the other threads' caches are free, all but `mine`.
  void after_fork_child(CacheInstance& mine);

 private:
  Result<std::unique_ptr<CacheInstance>> make(uint64_t base, uint64_t size, uint32_t number);
  Status start_targets(CacheInstance& instance) const;
  CacheInstance* add_private();
  bool is_private(const CacheInstance& instance) const { return &instance != shared_.get(); }

  const Parts parts_;
  CachePlan plan_;
  AppRange range_;
  std::unique_ptr<CacheInstance> shared_;
  CacheSet set_;
  SpinLock<LockRank::kCaches> lock_;
  std::vector<std::unique_ptr<CacheInstance>> private_ GUARDED_BY(lock_);
  std::vector<CacheInstance*> free_ GUARDED_BY(lock_);
  uint32_t places_taken_ GUARDED_BY(lock_) = 0;
};

}  // namespace weft::engine
