// The way to death: Live -> Dead, once, and out of everything that leads there.

#include "base/log.h"
#include "cache/lifecycle.h"

namespace weft::cache {

Deleted Lifecycle::delete_fragment(AppPc tag, Scope scope, Dead& dead) {
  // The entry is made if need be: a fragment that is being built with the tag must become stale.
  const Victims victims = find_victims(parts_.tags.find_or_make(tag), scope);
  step();
  Deleted result;
  if (victims.trace != nullptr) result.trace = kill(*victims.trace, dead);
  if (victims.block != nullptr) result.block = kill(*victims.block, dead);
  // The last one first: that is where its entry looks for it.
  for (size_t i = victims.containing.size(); i-- > 0;) {
    // What dies when it has run is nobody's to count.
    const bool counts = victims.containing[i]->kind() != FragmentKind::kProbe;
    if (kill(*victims.containing[i], dead) && counts) ++result.containing;
  }
  return result;
}

Lifecycle::Victims Lifecycle::find_victims(TagEntry& entry, Scope scope) {
  Victims victims;
  TagLock held(parts_.locks, entry);
  entry.generation.fetch_add(1, std::memory_order_relaxed);
  victims.trace = entry.trace.fragment;
  if (scope == Scope::kTraceOnly) return victims;
  victims.block = entry.block.fragment;
  // Copied, not taken: another deletion of the tag must find them, too, to promise what this does.
  const size_t count = entry.members.size();
  victims.containing.reserve(count);
  for (size_t i = 0; i < count; ++i) victims.containing.push_back(entry.members[i]);
  return victims;
}

bool Lifecycle::kill(Fragment& fragment, Dead& dead) {
  // Its publisher sees this, gives it up and takes it out of where it has registered.
  if (move(fragment, FragmentState::kBuilding, FragmentState::kDead)) return false;
  const bool won = move(fragment, FragmentState::kLive, FragmentState::kDead);
  // Whoever lost helps, so that it, too, may say on return that nobody enters any more.
  step();
  close_entries(fragment);
  step();
  if (!won) return false;
  unregister_members(fragment);
  step();
  detach_exits(fragment);
  WEFT_LOG(kDebug, "fragment of {:#x} at {:#x} is dead", fragment.tag().value,
           fragment.hot_start().value);
  parts_.counters.add(Count::kDied);
  dead.push_back(&fragment);
  return true;
}

bool Lifecycle::evict(Fragment& fragment, Dead& dead) {
  const uint8_t chances = fragment.chances_.load(std::memory_order_relaxed);
  // Two threads may take the same chance: a fragment that lasts longer is no harm.
  if (chances != 0) {
    fragment.chances_.store(static_cast<uint8_t>(chances - 1), std::memory_order_relaxed);
    return false;
  }
  if (!kill(fragment, dead)) return false;
  parts_.evictions.note(fragment.tag());
  return true;
}

void Lifecycle::close_entries(Fragment& fragment) {
  TagEntry** entries = nullptr;
  uint16_t count = 0;
  {
    // Nothing is added to a dead fragment's list, so it stands still once the lock was ours.
    Locked held(parts_.fragment_lock(fragment.id_));
    entries = fragment.entries_;
    count = fragment.entry_count_;
  }
  for (uint16_t i = 0; i < count; ++i) {
    TagLock held(parts_.locks, *entries[i]);
    close_entry(fragment, held);
  }
}

void Lifecycle::close_entry(Fragment& fragment, const TagLock& held) {
  TagEntry& entry = held.entry();
  const bool block = entry.block.fragment == &fragment;
  const bool trace = entry.trace.fragment == &fragment;
  // One of its landings: the block keeps its other entries, and its tag its generation.
  const bool landing = !block && entry.block.indirect - fragment.hot_.offset < fragment.hot_.size;
  if (landing) links_.put_indirect(held, entry.block, 0);
  if (!block && !trace) return;
  entry.generation.fetch_add(1, std::memory_order_relaxed);
  if (block) links_.put(held, entry.block, {});
  if (trace) links_.put(held, entry.trace, {});
}

void Lifecycle::unregister_members(Fragment& fragment) {
  for (size_t i = 0; i < fragment.constituent_count_; ++i) {
    parts_.index.remove(fragment.constituent_bytes(i), fragment.id_);
    TagEntry& entry = *fragment.constituents()[i].entry;
    if (!lists(entry, fragment)) continue;
    TagLock held(parts_.locks, entry);
    CHECK(entry.members.remove(fragment, parts_.records));
  }
}

void Lifecycle::detach_exits(Fragment& fragment) {
  for (uint32_t i = 0; i < fragment.exit_count_; ++i) {
    const ExitId id = fragment.exit_id(i);
    TagLock held(parts_.locks, *parts_.exits.at(id).target);
    links_.detach(id, held);
  }
}

}  // namespace weft::cache
