// The way to life: Building -> Live, and what may be added to a live fragment.

#include <algorithm>

#include "cache/lifecycle.h"

namespace weft::cache {
namespace {

/// The generation with which the constituent `tag` was read; nothing to check if it is none.
const Constituent* constituent_of(const FragmentSpec& spec, AppPc tag) {
  for (const Constituent& constituent : spec.constituents) {
    if (constituent.tag == tag) return &constituent;
  }
  return nullptr;
}

bool is_current(const TagEntry& entry, uint64_t generation) {
  return entry.generation.load(std::memory_order_relaxed) == Generation::unpack(generation).of_tag;
}

}  // namespace

bool Lifecycle::move(Fragment& fragment, FragmentState from, FragmentState to) {
  return fragment.state_.compare_exchange_strong(from, to, std::memory_order_acq_rel);
}

CodeCache::Published Lifecycle::publish(const FragmentSpec& spec, Fragment*& discarded) {
  TagEntry& head = parts_.tags.find_or_make(spec.entries[0].tag);
  if (exists(head, spec.kind)) return {nullptr, {}, Error::kExists};
  Fragment* fragment = store_.make(spec);
  if (fragment == nullptr) return {nullptr, {}, Error::kFull};
  // Registered before anything is checked: a deletion either comes before the check, which sees it,
  // or finds the fragment and kills it while it is still Building.
  step();
  bool fresh = register_members(*fragment, spec);
  step();
  {
    IntervalIndex::Adder adder(parts_.index, fragment->id_);
    for (const Constituent& constituent : spec.constituents) adder.add(constituent.bytes);
  }
  step();
  fresh = fresh && !bytes_are_stale(spec);
  step();
  const Error error = fresh ? go_live(*fragment, spec) : Error::kStale;
  if (error != Error::kNone) {
    move(*fragment, FragmentState::kBuilding, FragmentState::kDead);
    unregister_members(*fragment);
    parts_.counters.add(Count::kDiscarded);
    discarded = fragment;
    return {nullptr, {}, error};
  }
  parts_.counters.add(Count::kMade);
  step();
  for (const EntrySpec& entry : spec.entries.subspan(1)) {
    const Constituent* constituent = constituent_of(spec, entry.tag);
    // An entry whose block was deleted since must not come back with the old bytes.
    if (constituent == nullptr) continue;
    open_entry(*fragment, entry, Generation::unpack(constituent->generation).of_tag);
    step();
  }
  attach_exits(*fragment);
  for (const LandingSpec& landing : spec.landings) {
    open_landing(*fragment, landing);
    step();
  }
  return {fragment, fragment->hot_start() + spec.entries[0].direct, Error::kNone};
}

bool Lifecycle::exists(TagEntry& head, FragmentKind kind) {
  if (kind == FragmentKind::kProbe) return false;
  TagLock held(parts_.locks, head);
  return head.holder(kind).fragment != nullptr;
}

bool Lifecycle::register_members(Fragment& fragment, const FragmentSpec& spec) {
  bool fresh = true;
  for (size_t i = 0; i < fragment.constituent_count_; ++i) {
    TagEntry& entry = *fragment.constituents()[i].entry;
    // The head's generation is checked by go_live().
    if (!lists(entry, fragment)) continue;
    TagLock held(parts_.locks, entry);
    // Also when stale: unregister_members() takes all of them out.
    entry.members.add(fragment, parts_.records);
    fresh = fresh && is_current(entry, spec.constituents[i].generation);
  }
  return fresh;
}

bool Lifecycle::bytes_are_stale(const FragmentSpec& spec) const {
  for (const Constituent& constituent : spec.constituents) {
    const uint32_t moment = Generation::unpack(constituent.generation).moment;
    if (parts_.regions.touched_since(moment, constituent.bytes)) return true;
  }
  return false;
}

CodeCache::PublishError Lifecycle::go_live(Fragment& fragment, const FragmentSpec& spec) {
  const EntrySpec& first = spec.entries[0];
  const Constituent* constituent = constituent_of(spec, first.tag);
  TagLock held(parts_.locks, *fragment.head_);
  TagEntry& head = held.entry();
  if (constituent != nullptr && !is_current(head, constituent->generation)) return Error::kStale;
  if (fragment.kind_ == FragmentKind::kProbe) {
    const bool live = move(fragment, FragmentState::kBuilding, FragmentState::kLive);
    return live ? Error::kNone : Error::kStale;
  }
  Holder& holder = head.holder(fragment.kind_);
  if (holder.fragment != nullptr) return Error::kExists;
  if (!move(fragment, FragmentState::kBuilding, FragmentState::kLive)) return Error::kStale;
  // Whatever was evicted is unlinked, and comes back when it is wanted: how soon that is tells hot
  // code from cold, and costs code that runs nothing.
  fragment.chances_.store(parts_.evictions.chances(head.tag), std::memory_order_relaxed);
  links_.put(held, holder, place_of(fragment, first));
  return Error::kNone;
}

Links::Place Lifecycle::place_of(Fragment& fragment, const EntrySpec& spec) {
  const uint32_t start = fragment.hot_.offset;
  const bool has_indirect = spec.indirect != EntrySpec::kNone;
  return {&fragment, start + spec.direct, has_indirect ? start + spec.indirect : 0};
}

void Lifecycle::open_entry(Fragment& fragment, const EntrySpec& spec, uint32_t generation) {
  TagLock held(parts_.locks, parts_.tags.find_or_make(spec.tag));
  TagEntry& entry = held.entry();
  // Under the tag's lock: a killer that comes after this finds the entry, one that came before has
  // made the fragment Dead already.
  if (!fragment.is_live() || entry.block.fragment != nullptr) return;
  if (entry.generation.load(std::memory_order_relaxed) != generation) return;
  links_.put(held, entry.block, place_of(fragment, spec));
}

void Lifecycle::open_landing(Fragment& fragment, const LandingSpec& spec) {
  TagLock held(parts_.locks, parts_.tags.find_or_make(spec.tag));
  TagEntry& entry = held.entry();
  // As in open_entry(). The latest call is the one whose return is expected at the right place.
  if (!fragment.is_live() || entry.block.fragment == nullptr) return;
  links_.put_indirect(held, entry.block, fragment.hot_.offset + spec.indirect);
}

void Lifecycle::attach_exits(Fragment& fragment) {
  if (fragment.kind_ == FragmentKind::kProbe) return;
  for (uint32_t i = 0; i < fragment.exit_count_; ++i) {
    step();
    const ExitId id = fragment.exit_id(i);
    TagLock held(parts_.locks, *parts_.exits.at(id).target);
    // As in open_entry(): what is attached after this check, the killer detaches.
    if (!fragment.is_live()) return;
    links_.attach(id, held);
  }
}

bool Lifecycle::note_entry(Fragment& fragment, TagEntry& entry) {
  Locked held(parts_.fragment_lock(fragment.id_));
  if (!fragment.is_live() || fragment.entry_count_ == UINT16_MAX) return false;
  if (fragment.entry_count_ == fragment.entry_capacity_) {
    const auto capacity = static_cast<uint16_t>(
        fragment.entry_capacity_ < UINT16_MAX / 2 ? 2 * fragment.entry_capacity_ : UINT16_MAX);
    const RecordPool::Record record = parts_.records.take(capacity * sizeof(TagEntry*));
    auto** const grown = static_cast<TagEntry**>(record.memory);
    std::copy_n(fragment.entries_, fragment.entry_count_, grown);
    store_.give_entries(fragment);
    fragment.entries_ = grown;
    fragment.entries_stripe_ = record.stripe;
    fragment.entry_capacity_ = capacity;
  }
  fragment.entries_[fragment.entry_count_++] = &entry;
  return true;
}

bool Lifecycle::add_entry(Fragment& fragment, const Constituent& constituent, CachePc direct) {
  const std::optional<AppRange> bytes = fragment.constituent_at(constituent.bytes.start);
  // Its bytes must be among those for which the fragment is found and killed.
  if (!bytes || constituent.bytes.end > bytes->end) return false;
  TagEntry& entry = parts_.tags.find_or_make(constituent.tag);
  if (entry.direct() != 0) return false;
  if (!note_entry(fragment, entry)) return false;
  step();
  TagLock held(parts_.locks, entry);
  if (!fragment.is_live() || entry.block.fragment != nullptr) return false;
  if (!is_current(entry, constituent.generation)) return false;
  links_.put(held, entry.block, {&fragment, parts_.space.offset(direct), 0});
  return true;
}

bool Lifecycle::publish_indirect(AppPc tag, bool& needs_stub) {
  needs_stub = false;
  TagEntry* entry = parts_.tags.find(tag);
  if (entry == nullptr) return false;
  TagLock held(parts_.locks, *entry);
  if (!entry->has_code()) return false;
  needs_stub = entry->current().indirect == 0;
  return !needs_stub && links_.publish(held);
}

bool Lifecycle::add_indirect_entry(AppPc tag, std::span<const uint8_t> code, uint32_t jump,
                                   std::span<const Fixup> fixups, const PastChoiceJump& past) {
  TagEntry* entry = parts_.tags.find(tag);
  if (entry == nullptr) return false;
  Fragment* fragment = nullptr;
  uint32_t direct = 0;
  {
    TagLock held(parts_.locks, *entry);
    fragment = entry->current().fragment;
    direct = entry->direct();
  }
  if (fragment == nullptr) return false;
  step();
  const std::optional<uint32_t> made = store_.add_cold(*fragment, code, fixups);
  if (!made) return false;
  Links::patch(parts_.space.address(*made + jump), parts_.space.address(direct));
  TagLock held(parts_.locks, *entry);
  // If another thread was faster or the fragment died, the new code stays the fragment's, unused.
  if (entry->current().fragment != fragment || entry->direct() != direct) return false;
  uint32_t& indirect = entry->current().indirect;
  if (indirect == 0) {
    if (past.choice != 0) {
      const uint32_t goal = fragment->past_choice(*entry, past.choice);
      Links::patch(parts_.space.address(*made + past.jump),
                   parts_.space.address(goal != 0 ? goal : direct));
    }
    indirect = *made + past.entry;
  }
  return links_.publish(held);
}

void Lifecycle::link_counted(AppPc tag) {
  TagEntry* entry = parts_.tags.find(tag);
  if (entry == nullptr) return;
  TagLock held(parts_.locks, *entry);
  links_.link_counted(held);
}

}  // namespace weft::cache
