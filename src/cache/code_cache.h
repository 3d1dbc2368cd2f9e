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
#include "cache/epochs.h"
#include "cache/fragment.h"
#include "cache/indirect_targets.h"

namespace weft::cache {

/// A 4-byte field of a fragment's code that depends on where the code comes to lie.
struct Fixup {
  enum class Where : uint8_t { kHot, kCold };
  enum class Kind : uint8_t {
    kRelative,      ///< field = target - (address of field + 4 + trailing)
    kHotRelative,   ///< the same, with `target` an offset into this fragment's hot code
    kColdRelative,  ///< the same, with `target` an offset into this fragment's cold code
    kExitId,        ///< field = ExitId of exits[target]
  };
  Where where;
  Kind kind;
  uint8_t trailing = 0;  ///< instruction bytes after the field (an immediate)
  uint32_t offset;       ///< of the field in its code
  uint64_t target;
};

/// One direct exit: `site` is the rel32 field of a jump in the hot code which, unlinked, goes to
/// the stub at `stub` in the cold code. (site % 8) <= 4, so that patching it is one aligned-enough
/// store.
struct ExitSpec {
  uint32_t site;
  uint32_t stub;
  AppPc target;
  /// Not linked until its target has a trace or link_counted() is called, so that the dispatcher
  /// can count how often it is taken.
  bool counted = false;
  /// If it is not 0 and the target has an entry past the choice for the same outcome, the exit
  /// goes there.
  uint8_t choice = 0;
  /// `site` is that of a call: see CallExit. It goes to EntrySpec::called if its target has that.
  bool calls = false;
};

/// The stub of an exit that is a call takes the address that the call pushed off the stack, by an
/// instruction of this size, and goes on by a jmp, whose rel32 field the cache patches, too: to the
/// direct entry of the target or, unlinked, to what follows it. `kField` is an offset in the stub;
/// (stub + kField) % 8 <= 4.
struct CallExit {
  static constexpr uint32_t kPopSize = 5;  ///< lea rsp, [rsp + 8]
  static constexpr uint32_t kField = kPopSize + 1;
  static constexpr uint32_t kUnlinked = kField + 4;
};

/// A tag that leads into the fragment. entries[0] is the fragment's own tag.
struct EntrySpec {
  static constexpr uint32_t kNone = ~uint32_t{0};
  AppPc tag;
  uint32_t direct;  ///< offset in hot code, where links go
  uint32_t indirect =
      kNone;  ///< offset in hot code, where indirect branches go; kNone: not made yet
  /// Offset in hot code of what the entry chooses most often; see FragmentSpec::choice.
  uint32_t past_choice = kNone;
  /// Of the fragment's own tag: code of CallExit::kPopSize bytes stands ahead of `direct` that
  /// takes a call's address off the stack.
  bool called = false;
};

/// Where exits with `choice` enter at an entry, beside EntrySpec::past_choice.
struct PastChoiceSpec {
  uint32_t entry;   ///< index into FragmentSpec::entries
  uint32_t offset;  ///< in hot code
  uint8_t choice;
};

/// Code of the fragment that only leads on to the block of a tag, by an exit, and that indirect
/// branches to the tag are to go through: where the CPU expects the return of a call.
struct LandingSpec {
  AppPc tag;
  uint32_t indirect;  ///< offset in hot code
};

/// A basic block whose code the fragment contains: its tag, its bytes, and the generation that
/// CodeCache::generation(tag) had before the bytes were read.
struct Constituent {
  AppPc tag;
  AppRange bytes;
  uint64_t generation;
};

/// Everything a translator hands over. The spans are read during publish() only.
struct FragmentSpec {
  FragmentKind kind = FragmentKind::kBlock;
  std::span<const uint8_t> hot;
  std::span<const uint8_t> cold;
  std::span<const Fixup> fixups;
  std::span<const ExitSpec> exits;
  std::span<const EntrySpec> entries;
  std::span<const PastChoiceSpec> past_choices;
  std::span<const LandingSpec> landings;
  std::span<const Constituent> constituents;
  std::span<const uint8_t> state_map;  ///< opaque here; kept with the fragment
  void* tool_data = nullptr;           ///< opaque; handed to the listener with the death
  /// Not 0: the entries begin with a choice. Exits that know of this outcome go past it.
  uint8_t choice = 0;
};

/// Part of the code of an indirect entry: goes past the choice.
struct PastChoiceJump {
  uint32_t entry = 0;  ///< offset in the code
  uint32_t jump = 0;   ///< rel32 field that goes where exits with `choice` enter
  uint8_t choice = 0;  ///< 0: there is none
};

struct Deleted {
  bool block = false;
  bool trace = false;
  uint32_t containing = 0;  ///< further fragments that contained the block
  bool any() const { return block || trace || containing != 0; }
};

/// What delete_fragment() takes out.
enum class Scope : uint8_t {
  kAll,        ///< the block, the trace of the tag and everything that contains the block
  kTraceOnly,  ///< the trace of this tag; blocks stay
};

/// Hears of each fragment's death exactly once after it is unreachable, and of its reclamation.
/// Called without any lock held, on the thread that caused it; may itself delete fragments.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void on_deleted(const Fragment& fragment) = 0;
  virtual void on_reclaimed(const Fragment& fragment) = 0;
};

struct CacheOptions {
  uint64_t base = 0;                ///< where to reserve code memory (fixed); 0: anywhere
  uint64_t reserve = 1ull << 29;    ///< bytes of address space, and the limit of its growth
  uint64_t limbo_bound = 8u << 20;  ///< bytes of dead code after which slow threads are nudged
  uint64_t first_sequence = 1;      ///< number of the first fragment
  AppRange records{};   ///< where to have the cache's records, if that is free; empty: anywhere
  bool poison = false;  ///< fill code memory that is reclaimed with traps, to find bugs
  /// Called between the steps of publication and deletion, where other threads may come in; for
  /// tests that want them to. No lock is held.
  std::function<void()> between_steps;
};

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
  /// links the exits that wait for its entries, and its own exits to targets that exist. kStale: a
  /// constituent was deleted since its generation was read; decode again. kExists: the tag has a
  /// live fragment of this kind already (another thread was faster): use find(). kFull: no room up
  /// to the limit.
  enum class PublishError : uint8_t { kNone, kStale, kExists, kFull };
  struct Published {
    Fragment* fragment = nullptr;
    CachePc entry;
    PublishError error = PublishError::kNone;
  };
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
  using Visit = std::function<void(const Fragment&)>;
  Deleted delete_fragment(AppPc tag, Scope scope = Scope::kAll, const Visit& died = nullptr);
  /// The same for each of the tags, with one grace period for all. Returns how many died.
  uint64_t delete_fragments(std::span<const AppPc> tags, Scope scope = Scope::kAll);
  /// Every fragment with a byte in `range`. Returns how many died.
  uint32_t delete_region(AppRange range);
  uint32_t delete_all();

  /// Live fragments one of whose constituents' bytes overlap `range`. Caller holds an EpochGuard.
  void fragments_in(AppRange range, const std::function<void(Fragment&)>& visit) const;
  /// Live fragments that can be entered at `tag`. Caller holds an EpochGuard.
  void fragments_at(AppPc tag, const std::function<void(Fragment&)>& visit) const;
  /// Live fragments that contain the block `tag` at any position. Caller holds an EpochGuard.
  void containing(AppPc tag, const std::function<void(Fragment&)>& visit) const;

  /// The fragment (Live or Dead, not yet Reclaimed) whose hot or cold code holds `pc`, or null.
  SIGNAL_SAFE Fragment* fragment_at(CachePc pc) const;
  SIGNAL_SAFE bool contains(CachePc pc) const;

  /// The target of an exit, by the id that its stub carries. Caller is the thread that came out by
  /// it and still holds its epoch.
  AppPc exit_target(ExitId id) const;
  bool exit_calls(ExitId id) const;
  Fragment& exit_owner(ExitId id) const;

  /// Sends every exit of the fragment that the calling thread is executing to the dispatcher, so
  /// that the thread comes out soon. Links made meanwhile by others stay; mend_exits() restores the
  /// rest.
  SIGNAL_SAFE void cut_exits(Fragment& fragment);
  void mend_exits(Fragment& fragment);

  /// Deletes live fragments, cold ones first, until `bytes` of code have died: a hand goes round
  /// all, and passes by those whose tag was evicted before and was wanted again soon (1, 3, then 7
  /// times). Returns how many bytes died.
  uint64_t evict(uint64_t bytes);
  /// Some live fragment, chosen by `random`; null if none was met. Caller holds an EpochGuard.
  Fragment* sample(uint64_t random) const;

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

  /// The cache as it is, for a later process to go on with: memory, and what is to be known of it.
  /// Between lock_all_for_fork() and unlock_after_fork().
  struct Image {
    std::vector<AppRange> memory;  ///< whole pages
    std::vector<uint8_t> state;
  };
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
  void lock_all_for_fork();
  void unlock_after_fork(bool child);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::cache
