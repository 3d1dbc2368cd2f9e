#include "cache/links.h"

#include "base/check.h"

namespace weft::cache {

void Links::patch(CachePc site, CachePc target) {
  const auto distance = static_cast<int64_t>(target.value - (site.value + 4));
  const auto field = static_cast<int32_t>(distance);
  CHECK(field == distance);
  // One store inside one 8-byte word, so no thread fetches half of it. Release: the target's code
  // must be seen before the way there. (The field need not be 4-aligned, so no std::atomic_ref.)
  __atomic_store_n(reinterpret_cast<int32_t*>(site.value), field, __ATOMIC_RELEASE);
}

void Links::send_to_stub(const Exit& exit) const {
  const CachePc stub = parts_.space.address(exit.stub);
  patch(parts_.space.address(exit.site), stub);
  if (exit.calls) patch(stub + CallExit::kField, stub + CallExit::kUnlinked);
}

void Links::send_to_entry(const Exit& exit, const TagEntry& target, uint32_t entry) const {
  const CachePc stub = parts_.space.address(exit.stub);
  uint32_t goal = entry;
  if (exit.calls) {
    // Always, for threads may be on their way through the stub: the two stores are independent.
    patch(stub + CallExit::kField, parts_.space.address(entry));
    const uint32_t called = called_entry(target);
    goal = called != 0 ? called : exit.stub;
  }
  patch(parts_.space.address(exit.site), parts_.space.address(goal));
}

uint32_t Links::called_entry(const TagEntry& target) {
  const Fragment* const block = target.block.fragment;
  const bool ahead = target.trace.fragment == nullptr && block != nullptr && block->called_ &&
                     block->head_ == &target;
  return ahead ? target.direct() - CallExit::kPopSize : 0;
}

uint32_t Links::entry_for(const Exit& exit, const TagEntry& target) {
  const uint32_t direct = target.direct();
  if (direct == 0 || exit.choice == 0) return direct;
  const uint32_t past_choice = target.current().fragment->past_choice(target, exit.choice);
  return past_choice != 0 ? past_choice : direct;
}

void Links::link(Exit& exit, const TagEntry& target, uint32_t entry) {
  send_to_entry(exit, target, entry);
  parts_.counters.add(Count::kLinksMade);
  if (exit.linked == 0) parts_.counters.add(Count::kLinked);
  exit.linked = 1;
}

void Links::unlink(Exit& exit) {
  send_to_stub(exit);
  if (exit.linked != 0) parts_.counters.add(Count::kLinked, -1);
  exit.linked = 0;
}

void Links::attach(ExitId id, const TagLock& held) {
  Exit& exit = parts_.exits.at(id);
  TagEntry& entry = held.entry();
  DCHECK(exit.target == &entry && exit.registered == 0);
  exit.previous = kNoExit;
  exit.next = entry.exits & kExitIdMask;
  if (exit.next != kNoExit) parts_.exits.at(exit.next).previous = id & kExitIdMask;
  entry.exits = id;
  exit.registered = 1;
  parts_.counters.add(Count::kRegistered);
  follow(exit, entry);
}

void Links::follow(Exit& exit, const TagEntry& entry) {
  const uint32_t goal = entry_for(exit, entry);
  const bool waits = exit.counted != 0 && entry.trace.fragment == nullptr;
  if (goal != 0 && !waits) {
    link(exit, entry, goal);
  } else if (exit.linked != 0) {
    unlink(exit);
  }
}

void Links::link_counted(const TagLock& held) {
  for (ExitId id = held.entry().exits; id != kNoExit; id = parts_.exits.at(id).next) {
    Exit& exit = parts_.exits.at(id);
    if (exit.counted == 0) continue;
    exit.counted = 0;
    follow(exit, held.entry());
  }
}

void Links::detach(ExitId id, const TagLock& held) {
  Exit& exit = parts_.exits.at(id);
  TagEntry& entry = held.entry();
  DCHECK(exit.target == &entry);
  if (exit.registered == 0) return;
  unlink(exit);
  if (exit.previous != kNoExit) {
    parts_.exits.at(exit.previous).next = exit.next;
  } else {
    entry.exits = exit.next;
  }
  if (exit.next != kNoExit) parts_.exits.at(exit.next).previous = exit.previous;
  exit.registered = 0;
  parts_.counters.add(Count::kRegistered, -1);
}

void Links::put(const TagLock& held, Holder& holder, const Place& place) {
  TagEntry& entry = held.entry();
  const uint32_t before = entry.direct();
  holder.fragment = place.fragment;
  holder.indirect = place.indirect;
  // Release: pairs with TagEntry::direct().
  holder.direct.store(place.direct, std::memory_order_release);
  if (entry.direct() != before) {
    for (ExitId id = entry.exits; id != kNoExit; id = parts_.exits.at(id).next) {
      follow(parts_.exits.at(id), entry);
    }
  }
  refresh_indirect(entry);
}

void Links::put_indirect(const TagLock& held, Holder& holder, uint32_t indirect) {
  holder.indirect = indirect;
  refresh_indirect(held.entry());
}

void Links::refresh_indirect(TagEntry& entry) {
  if (entry.published == 0) return;
  const uint32_t indirect = entry.indirect();
  if (indirect == entry.published) return;
  if (indirect != 0) {
    parts_.targets.publish(entry.tag, parts_.space.address(indirect));
  } else {
    parts_.targets.retract(entry.tag);
  }
  entry.published = indirect;
}

bool Links::publish(const TagLock& held) {
  TagEntry& entry = held.entry();
  const uint32_t indirect = entry.indirect();
  DCHECK(indirect != 0);
  // Not only where it is new: the hashed table may have given the tag's slot to another.
  if (!parts_.targets.publish(entry.tag, parts_.space.address(indirect))) return false;
  entry.published = indirect;
  return true;
}

}  // namespace weft::cache
