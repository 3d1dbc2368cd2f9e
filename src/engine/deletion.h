// Deletion as the engine offers it, in all code caches: one tag, many, regions, requests from
// signal handlers, and a look at what is there. Owned by the engine; may be called by any thread,
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

/// A fragment, copied out: what it was when it was looked at.
struct FragmentCopy {
  struct Block {
    AppPc tag;
    AppRange bytes;
  };
  AppPc tag;
  cache::FragmentKind kind = cache::FragmentKind::kBlock;
  uint64_t sequence = 0;  ///< numbers fragments in the order in which they were made
  uint64_t code_bytes = 0;
  void* tool_data = nullptr;
  std::vector<Block> constituents;  ///< the first is the one at its tag
};

FragmentCopy copy_of(const cache::Fragment& fragment);

class Deletions {
 public:
  /// `wake` makes some thread that is in the cache come out soon; signal-safe. `prepare` comes
  /// before each deletion.
  Deletions(const CacheSet& caches, cache::Epochs& epochs, std::function<void()> wake,
            std::function<void()> prepare)
      : caches_(caches), epochs_(epochs), wake_(std::move(wake)), prepare_(std::move(prepare)) {}

  /// On return no thread enters what died; a thread that is inside, the caller included, leaves by
  /// its next exit.
  cache::Deleted delete_fragment(AppPc tag, cache::Scope scope = cache::Scope::kAll);
  /// The same for each tag, with one grace period for all. Returns how many fragments died.
  uint64_t delete_fragments(std::span<const AppPc> tags, cache::Scope scope = cache::Scope::kAll);
  /// As delete_fragment(tag), and tells what died. The next execution builds the tag anew.
  std::vector<FragmentCopy> replace(AppPc tag);
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
  /// Those that start at `tag` or can be entered there.
  std::vector<FragmentCopy> fragments_at(AppPc tag) const;
  /// Those that contain the block `tag` at any position.
  std::vector<FragmentCopy> containing(AppPc tag) const;
  std::vector<FragmentCopy> fragments_in(AppRange range) const;

  /// Waits until nobody can be executing what was deleted before the call. False after
  /// `timeout_ns`, and at once for a caller that announces an epoch itself (`own`, null for a
  /// thread that has none): it would wait for itself.
  bool await_quiescence(uint64_t timeout_ns, const cache::EpochSlot* own = nullptr);

  void after_fork_child() { requests_.after_fork_child(); }

 private:
  const CacheSet& caches_;
  cache::Epochs& epochs_;
  std::function<void()> wake_;
  std::function<void()> prepare_;
  DeletionQueue requests_;
};

}  // namespace weft::engine
