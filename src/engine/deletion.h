// Deletion as the engine offers it, in all code caches: one tag, many, regions, requests from
// signal handlers. Owned by the engine; may be called by any thread,
// inside the cache (from a clean call) and outside it, unless a member says otherwise. None waits
// for another thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/check.h"
#include "cache/code_cache.h"
#include "cache/epochs.h"
#include "engine/cache_set.h"
#include "engine/deletion_queue.h"

namespace weft::engine {

class Deletions {
 public:
  /// `wake` makes some thread that is in the cache come out soon; signal-safe. `prepare` comes
  /// before each deletion.
  Deletions(const CacheSet& caches, std::function<void()> wake, std::function<void()> prepare)
      : caches_(caches), wake_(std::move(wake)), prepare_(std::move(prepare)) {}

  /// On return no thread enters what died; a thread that is inside, the caller included, leaves by
  /// its next exit.
  cache::Deleted delete_fragment(AppPc tag, cache::Scope scope = cache::Scope::kAll);
  /// The same for each tag, with one grace period for all. Returns how many fragments died.
  uint64_t delete_fragments(std::span<const AppPc> tags, cache::Scope scope = cache::Scope::kAll);
  /// Every fragment with a byte in `range`. Returns how many died.
  uint64_t delete_region(AppRange range);
  uint64_t delete_all() { return delete_region({{0}, {~uint64_t{0}}}); }

  /// delete_fragment(tag), made soon by a thread that passes through the dispatcher. False if too
  /// many requests wait already.
  SIGNAL_SAFE bool request(AppPc tag);
  /// Makes the deletions that were asked for.
  void serve_requests();
  const DeletionQueue& requests() const { return requests_; }

  /// Whether a fragment can be entered at `tag`.
  bool exists(AppPc tag) const;
  /// Waits until nobody can be executing what was deleted before the call. False after
  /// `timeout_ns`, and at once for a caller that announces an epoch itself (`own`, null for a
  /// thread that has none): it would wait for itself.
  bool await_quiescence(uint64_t timeout_ns, const cache::EpochSlot* own = nullptr);

  void after_fork_child() { requests_.after_fork_child(); }

 private:
  const CacheSet& caches_;
  std::function<void()> wake_;
  std::function<void()> prepare_;
  DeletionQueue requests_;
};

}  // namespace weft::engine
