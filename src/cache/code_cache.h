// The code cache: fragments, the links between them, and their deletion. Knows nothing of decoding.
// Every member function may be called by any thread at any time unless its comment says otherwise;
// none waits for another thread beyond a short lock. None is signal-safe unless marked SIGNAL_SAFE.
// A caller that keeps a Fragment* across calls holds an EpochGuard meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/check.h"
#include "base/result.h"
#include "cache/debug_view.h"
#include "cache/epochs.h"
#include "cache/fragment.h"
#include "cache/fragment_spec.h"
#include "cache/indirect_targets.h"
#include "cache/terms.h"

namespace weft::cache {

class CodeCache {
 public:
  CodeCache(const CacheOptions& options, IndirectTargets& targets, Epochs& epochs);
  ~CodeCache();

  /// Reserves the code memory. Call once before anything else.
  Status start();
  void set_listener(Listener* listener);
  /// Asked for, from any thread, to make a thread that stays in the cache leave it soon.
  void set_nudger(std::function<void(EpochSlot&)> nudge);

  /// All code memory there will be. After start().
  AppRange code_range() const;

  /// Code that belongs to no fragment (shared routines); lives as long as the cache.
  Result<CachePc> add_routine(std::span<const uint8_t> code, std::span<const Fixup> fixups);

  /// The direct entry for `tag` (its trace's if it has one, else its block's); value 0 if none.
  CachePc find(AppPc tag) const;
  /// Says that `tag` is going to be asked for soon.
  void prefetch(AppPc tag) const;
  /// Above the numbers of all fragments.
  uint64_t next_sequence() const;
  /// Changes with every deletion that concerns `tag`.
  uint64_t generation(AppPc tag) const;

  /// Lays the fragment into code memory, registers it with its constituents, makes it live and
  /// links the exits that wait for its entries, and its own exits to targets that exist.
  using PublishError = cache::PublishError;
  using Published = cache::Published;
  Published publish(const FragmentSpec& spec);

  /// Makes `tag` a further entry of the live `fragment`, at `direct`, and links what waits for it.
  /// The tag becomes one of its constituents. False if the fragment died or the tag has an entry
  /// already.
  bool add_entry(Fragment& fragment, const Constituent& constituent, CachePc direct);

  /// Whether `tag` has a live trace.
  bool has_trace(AppPc tag) const;
  /// The counted exits that lead to `tag` now are no longer so, and are linked.
  void link_counted(AppPc tag);
  /// Deletes a probe. The caller still holds the epoch in which it was published.
  void discard(Fragment& probe);

  /// Publishes `tag` to indirect branches. False if there is no live fragment for it, or if its
  /// entry has no indirect form yet (`needs_stub` is then set; see add_indirect_entry).
  bool publish_indirect(AppPc tag, bool& needs_stub);
  /// Gives the live entry of `tag` an indirect form: `code` (in cold memory, owned by the fragment)
  /// that ends in a jump whose rel32 field at `jump` goes to the direct entry; then publishes it.
  /// The fixups are all of Where::kCold.
  /// With `past` the entry is inside the code.
  bool add_indirect_entry(AppPc tag, std::span<const uint8_t> code, uint32_t jump,
                          std::span<const Fixup> fixups = {}, const PastChoiceJump& past = {});

  /// `died`, if given, sees each fragment whose death this call decided, as the listener does.
  Deleted delete_fragment(AppPc tag, Scope scope = Scope::kAll);
  /// The same for each of the tags, with one grace period for all. Returns how many died.
  uint64_t delete_fragments(std::span<const AppPc> tags, Scope scope = Scope::kAll);
  /// Every fragment with a byte in `range`. Returns how many died.
  uint32_t delete_region(AppRange range);
  uint32_t delete_all();

  /// Live fragments one of whose constituents' bytes overlap `range`.
  void fragments_in(const EpochGuard& held, AppRange range,
                    const std::function<void(Fragment&)>& visit) const;
  /// Live fragments that contain the block `tag` at any position.
  void containing(const EpochGuard& held, AppPc tag,
                  const std::function<void(Fragment&)>& visit) const;

  /// Constant once the cache is started.
  DebugView debug_view() const;

  /// The fragment (Live or Dead, not yet Reclaimed) whose hot or cold code holds `pc`, or null.
  SIGNAL_SAFE Fragment* fragment_at(CachePc pc) const;
  SIGNAL_SAFE bool contains(CachePc pc) const;

  /// The target of an exit, by the id that its stub carries. Caller is the thread that came out by
  /// it and still holds its epoch.
  AppPc exit_target(ExitId id) const;
  bool exit_calls(ExitId id) const;
  Fragment& exit_owner(ExitId id) const;

  /// Deletes live fragments, cold ones first, until `bytes` of code have died: a hand goes round
  /// all, and passes by those whose tag was evicted before and was wanted again soon (1, 3, then 7
  /// times). Returns how many bytes died.
  uint64_t evict(uint64_t bytes);
  /// Some live fragment, chosen by `random`; null if none was met.
  Fragment* sample(const EpochGuard& held, uint64_t random) const;

  /// Frees what no thread can be executing any more, once enough of it is there to be worth a
  /// barrier; cheap when there is nothing. Call often.
  void reclaim();
  /// The same, however little there is.
  void reclaim_now();
  /// Gives the pages of code memory that are free back to the kernel: for a cache that nobody is
  /// going to use soon.
  void release_memory();
  /// Waits until nobody can be executing what was deleted before the call, or until `timeout_ns`.
  /// The caller is quiescent (not inside the cache). True if the grace period has passed.
  bool await_quiescence(uint64_t timeout_ns);

  struct Stats;  // see cache/stats.h
  Stats stats() const;
  /// How many fragments are live, more or less while others change that. Takes no lock.
  uint64_t live_fragments() const;

  /// How many live fragments it is true for.
  uint64_t count_if(const std::function<bool(const Fragment&)>& counts) const;
  /// Deletes every live fragment that `keeps` does not want. Returns how many died.
  uint32_t delete_unless(const std::function<bool(const Fragment&)>& keeps);

  /// Deletes the live fragment of this id, if there is one, and nothing else.
  void delete_by_id(uint32_t id);

  /// For a later process, between lock_for_fork() and unlock_after_fork().
  using Image = cache::Image;
  /// Nothing if the records do not lie where they were asked for, or if `visit`, which is shown
  /// every live fragment, is false for one.
  std::optional<Image> image(const std::function<bool(const Fragment&)>& visit);
  /// Goes on with an image of another process, whose code memory and records lay at the same places
  /// and which had made the same routines. `map` puts the image's memory at the given ranges, in
  /// the order of Image::memory; the last one is replaced all at once or not at all. Before
  /// anything but routines is made. False, and nothing has changed, if it does not fit or `map`
  /// does not succeed.
  bool resume(std::span<const uint8_t> state,
              const std::function<bool(std::span<const AppRange>)>& map);

  /// Around fork(): waits until no operation is under way and lets none begin. The epochs are
  /// locked after that, and unlocked before.
  void lock_for_fork() NO_THREAD_SAFETY_ANALYSIS;
  void unlock_after_fork(bool child) NO_THREAD_SAFETY_ANALYSIS;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::cache
