#include "cache/code_cache.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "cache/code_cache_impl.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::cache {

CodeCache::CodeCache(const CacheOptions& options, IndirectTargets& targets, Epochs& epochs)
    : impl_(std::make_unique<Impl>(options, targets, epochs)) {}

CodeCache::~CodeCache() {
  // Nobody executes or calls any more; what is in limbo frees itself.
  for (uint32_t id = 1; id < impl_->parts.fragments.bound(); ++id) {
    Fragment* fragment = impl_->parts.fragment(id);
    if (fragment != nullptr && fragment->is_live()) impl_->store.destroy(*fragment);
  }
}

Status CodeCache::start() {
  impl_->limbo.start();
  return impl_->parts.space.start(impl_->parts.options.base, impl_->parts.options.reserve);
}

AppRange CodeCache::code_range() const { return impl_->parts.space.range(); }

void CodeCache::set_listener(Listener* listener) {
  impl_->listener = listener;
  impl_->limbo.set_listener(listener);
}

void CodeCache::set_nudger(std::function<void(EpochSlot&)> nudge) {
  impl_->limbo.set_nudger(std::move(nudge));
}

Result<CachePc> CodeCache::add_routine(std::span<const uint8_t> code,
                                       std::span<const Fixup> fixups) {
  OperationGate::Pass pass(impl_->gate);
  const auto made = impl_->store.add_routine(code, fixups);
  if (!made) return Error{"no room for routines in the code cache", 0};
  return impl_->parts.space.address(*made);
}

CachePc CodeCache::find(AppPc tag) const {
  const TagEntry* entry = impl_->parts.tags.find(tag);
  if (entry == nullptr) return {};
  const uint32_t direct = entry->direct();
  return direct == 0 ? CachePc{} : impl_->parts.space.address(direct);
}

void CodeCache::prefetch(AppPc tag) const { impl_->parts.tags.prefetch(tag); }

uint64_t CodeCache::generation(AppPc tag) const {
  // The moment first: a deletion between the two then counts as after both.
  const uint32_t moment = impl_->parts.regions.now();
  const TagEntry* entry = impl_->parts.tags.find(tag);
  const uint32_t of_tag = entry == nullptr ? 0 : entry->generation.load(std::memory_order_acquire);
  return Generation{of_tag, moment}.pack();
}

CodeCache::Published CodeCache::publish(const FragmentSpec& spec) {
  Impl::Operation operation(*impl_);
  Fragment* discarded = nullptr;
  const Published published = impl_->lifecycle.publish(spec, discarded);
  if (discarded != nullptr) impl_->limbo.retire({&discarded, 1}, false);
  return published;
}

bool CodeCache::add_entry(Fragment& fragment, const Constituent& constituent, CachePc direct) {
  Impl::Operation operation(*impl_);
  return impl_->lifecycle.add_entry(fragment, constituent, direct);
}

bool CodeCache::has_trace(AppPc tag) const {
  TagEntry* entry = impl_->parts.tags.find(tag);
  if (entry == nullptr) return false;
  TagLock held(impl_->parts.locks, *entry);
  return entry->trace.fragment != nullptr;
}

void CodeCache::link_counted(AppPc tag) {
  Impl::Operation operation(*impl_);
  impl_->lifecycle.link_counted(tag);
}

void CodeCache::discard(Fragment& probe) {
  CHECK(probe.kind() == FragmentKind::kProbe);
  Lifecycle::Dead dead;
  {
    Impl::Operation operation(*impl_);
    impl_->lifecycle.kill(probe, dead);
  }
  impl_->bury(dead);
}

bool CodeCache::publish_indirect(AppPc tag, bool& needs_stub) {
  Impl::Operation operation(*impl_);
  return impl_->lifecycle.publish_indirect(tag, needs_stub);
}

bool CodeCache::add_indirect_entry(AppPc tag, std::span<const uint8_t> code, uint32_t jump,
                                   std::span<const Fixup> fixups, const PastChoiceJump& past) {
  Impl::Operation operation(*impl_);
  return impl_->lifecycle.add_indirect_entry(tag, code, jump, fixups, past);
}

Deleted CodeCache::delete_fragment(AppPc tag, Scope scope) {
  Lifecycle::Dead dead;
  Deleted deleted;
  {
    Impl::Operation operation(*impl_);
    impl_->parts.counters.add(Count::kDeletions);
    deleted = impl_->lifecycle.delete_fragment(tag, scope, dead);
  }
  impl_->bury(dead);
  return deleted;
}

uint64_t CodeCache::delete_fragments(std::span<const AppPc> tags, Scope scope) {
  constexpr size_t kStep = 64;  // tags between two moments at which a fork may come in
  uint64_t died = 0;
  while (!tags.empty()) {
    const std::span<const AppPc> now = tags.first(std::min(kStep, tags.size()));
    tags = tags.subspan(now.size());
    Lifecycle::Dead dead;
    {
      Impl::Operation operation(*impl_);
      impl_->parts.counters.add(Count::kDeletions, static_cast<int64_t>(now.size()));
      for (const AppPc tag : now) impl_->lifecycle.delete_fragment(tag, scope, dead);
    }
    impl_->bury(dead);
    died += static_cast<uint64_t>(std::count_if(dead.begin(), dead.end(), [](const Fragment* each) {
      return each->kind() != FragmentKind::kProbe;
    }));
  }
  return died;
}

uint32_t CodeCache::delete_region(AppRange range) {
  Lifecycle::Dead dead;
  uint32_t killed = 0;
  {
    Impl::Operation operation(*impl_);
    impl_->parts.counters.add(Count::kDeletions);
    impl_->parts.regions.note(range);
    IntervalIndex& index = impl_->parts.index;
    IntervalIndex::Ids ids(index.memory());
    index.collect(range, ids);
    killed = impl_->kill_all(ids, dead);
  }
  impl_->bury(dead);
  return killed;
}

uint32_t CodeCache::delete_all() { return delete_region({{0}, {~uint64_t{0}}}); }

uint64_t CodeCache::evict(uint64_t bytes) {
  constexpr uint32_t kStep = 64;  // fragments between two looks at the clock of forks
  constexpr uint64_t kMostLaps = EvictionLog::kMostChances + 1;
  Parts& parts = impl_->parts;
  uint64_t evicted = 0;
  const uint64_t most = kMostLaps * parts.fragments.bound();
  for (uint64_t seen = 0; seen < most && evicted < bytes; seen += kStep) {
    Lifecycle::Dead dead;
    {
      Impl::Operation operation(*impl_);
      const uint64_t first = impl_->evict_hand.fetch_add(kStep, std::memory_order_relaxed);
      // IDs come in chunks that are multiples of the step, so no step goes past the end.
      const uint64_t bound = parts.fragments.bound();
      parts.evictions.begin_lap(static_cast<uint32_t>(first / bound + 1));
      for (uint64_t i = 0; i < kStep && evicted < bytes; ++i) {
        Fragment* fragment = parts.live_fragment(static_cast<uint32_t>((first + i) % bound));
        if (fragment == nullptr) continue;
        const uint64_t size = fragment->code_bytes();
        if (impl_->lifecycle.evict(*fragment, dead)) evicted += size;
      }
    }
    impl_->bury(dead);
  }
  return evicted;
}

Fragment* CodeCache::sample(const EpochGuard& /*held*/, uint64_t random) const {
  OperationGate::Pass pass(impl_->gate);
  Parts& parts = impl_->parts;
  const uint32_t bound = parts.fragments.bound();
  // Here and there first: numbers that are not in use lie side by side.
  constexpr uint64_t kProbes = 16;
  constexpr uint64_t kFar = 0x9E3779B97F4A7C15u;
  for (uint64_t i = 0; i < kProbes + bound; ++i) {
    const uint64_t at = i < kProbes ? (random + i * kFar) >> 16 : random + i;
    Fragment* fragment = parts.live_fragment(static_cast<uint32_t>(at % std::max(bound, 1u)));
    if (fragment != nullptr) return fragment;
  }
  return nullptr;
}

void CodeCache::fragments_in(const EpochGuard& /*held*/, AppRange range,
                             const std::function<void(Fragment&)>& visit) const {
  // Most ranges that are asked for lie in a few fragments. Not of the pool, whose locks a fork must
  // not find held: it waits for operations alone.
  constexpr size_t kFew = 8;
  std::array<Fragment*, kFew> few;
  size_t few_count = 0;
  std::vector<Fragment*> more;
  {
    OperationGate::Pass pass(impl_->gate);
    IntervalIndex& index = impl_->parts.index;
    IntervalIndex::Ids ids(index.memory());
    index.collect(range, ids);
    for (const uint32_t id : ids) {
      Fragment* const fragment = impl_->parts.fragment(id);
      if (fragment == nullptr) continue;
      if (few_count < kFew) {
        few[few_count++] = fragment;
      } else {
        more.push_back(fragment);
      }
    }
  }
  const auto show = [&](Fragment* fragment) {
    if (fragment->is_live() && fragment->overlaps(range)) visit(*fragment);
  };
  std::for_each_n(few.begin(), few_count, show);
  std::for_each(more.begin(), more.end(), show);
}

void CodeCache::containing(const EpochGuard& /*held*/, AppPc tag,
                           const std::function<void(Fragment&)>& visit) const {
  std::vector<Fragment*> found;
  {
    OperationGate::Pass pass(impl_->gate);
    TagEntry* entry = impl_->parts.tags.find(tag);
    if (entry == nullptr) return;
    TagLock held(impl_->parts.locks, *entry);
    for (const Holder* each : {&entry->block, &entry->trace}) {
      if (each->fragment != nullptr) found.push_back(each->fragment);
    }
    for (size_t i = 0; i < entry->members.size(); ++i) found.push_back(entry->members[i]);
  }
  // A block that lies in the fragment twice makes it a member twice.
  for (size_t i = 0; i < found.size(); ++i) {
    const auto end = found.begin() + static_cast<std::ptrdiff_t>(i);
    if (found[i]->is_live() && std::find(found.begin(), end, found[i]) == end) visit(*found[i]);
  }
}

Fragment* CodeCache::fragment_at(CachePc pc) const {
  return impl_->parts.fragment(impl_->parts.space.owner_at(pc));
}

DebugView CodeCache::debug_view() const {
  const CodeSpace& space = impl_->parts.space;
  return {space.range().start.value, space.range().size(), linux::word(space.owners()),
          linux::word(impl_->parts.fragments.chunks())};
}

bool CodeCache::contains(CachePc pc) const { return impl_->parts.space.contains(pc); }

AppPc CodeCache::exit_target(ExitId id) const { return impl_->parts.exits.at(id).target->tag; }

bool CodeCache::exit_calls(ExitId id) const { return impl_->parts.exits.at(id).calls; }

Fragment& CodeCache::exit_owner(ExitId id) const {
  Fragment* owner = impl_->parts.fragment(impl_->parts.exits.at(id).owner);
  CHECK(owner != nullptr);
  return *owner;
}

void CodeCache::reclaim() { impl_->limbo.reclaim(); }

void CodeCache::reclaim_now() { impl_->limbo.reclaim_now(); }

void CodeCache::release_memory() {
  OperationGate::Pass pass(impl_->gate);
  impl_->parts.space.release_free();
}

bool CodeCache::await_quiescence(uint64_t timeout_ns) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kPause = std::chrono::microseconds(50);
  Epochs& epochs = impl_->parts.epochs;
  const auto deadline = Clock::now() + std::chrono::nanoseconds(timeout_ns);
  const uint64_t epoch = epochs.advance();
  while (epochs.min_active() < epoch) {
    if (Clock::now() >= deadline) return false;
    impl_->limbo.nudge_slow_threads();
    std::this_thread::sleep_for(kPause);
  }
  reclaim_now();
  return true;
}

uint64_t CodeCache::live_fragments() const {
  const Counters& counters = impl_->parts.counters;
  const uint64_t made = counters.sum(Count::kMade);
  const uint64_t died = counters.sum(Count::kDied);
  return made > died ? made - died : 0;
}

CodeCache::Stats CodeCache::stats() const {
  OperationGate::Pass pass(impl_->gate);
  const Parts& parts = impl_->parts;
  const Counters& counters = parts.counters;
  Stats stats;
  stats.fragments_made = counters.sum(Count::kMade);
  stats.fragments_resumed = counters.sum(Count::kResumed);
  stats.fragments_reclaimed = counters.sum(Count::kReclaimed);
  const uint64_t died = counters.sum(Count::kDied);
  stats.fragments_live = live_fragments();
  stats.fragments_dead = died > stats.fragments_reclaimed ? died - stats.fragments_reclaimed : 0;
  stats.fragments_discarded = counters.sum(Count::kDiscarded);
  stats.links_made = counters.sum(Count::kLinksMade);
  stats.exits_linked = counters.sum(Count::kLinked);
  const uint64_t registered = counters.sum(Count::kRegistered);
  stats.exits_waiting = registered > stats.exits_linked ? registered - stats.exits_linked : 0;
  stats.tags = parts.tags.size();
  stats.hot_bytes = parts.space.used(Temperature::kHot);
  stats.cold_bytes = parts.space.used(Temperature::kCold);
  stats.metadata_bytes = parts.tags.bytes() + parts.exits.bytes() + parts.fragments.bytes() +
                         parts.index.bytes() + counters.sum(Count::kFragmentBytes) +
                         (stats.hot_bytes + stats.cold_bytes) / kGranule * sizeof(uint32_t);
  stats.limbo_bytes = impl_->limbo.bytes();
  stats.deletions = counters.sum(Count::kDeletions);
  stats.nudges = counters.sum(Count::kNudges);
  stats.lock_contention = parts.contention.load(std::memory_order_relaxed);
  return stats;
}

void CodeCache::lock_for_fork() { impl_->gate.close(); }

void CodeCache::unlock_after_fork(bool child) {
  if (child) impl_->limbo.forget_reclaimer();
  impl_->gate.open();
}

}  // namespace weft::cache
