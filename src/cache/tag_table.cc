#include "cache/tag_table.h"

#include <algorithm>
#include <new>

namespace weft::cache {
namespace {

constexpr uint32_t kAddressBits = 48;

/// The bits of the tag's hash that stand above an entry's address.
uint64_t check_bits(AppPc tag) { return mix(tag.value) >> kAddressBits << kAddressBits; }

TagEntry* address_in(uint64_t word) {
  constexpr uint32_t kAbove = 64 - kAddressBits;
  return reinterpret_cast<TagEntry*>(word << kAbove >> kAbove);
}

}  // namespace

class TagTable::Walk {
 public:
  Walk(Slots slots, AppPc tag)
      : lines_(slots.lines()),
        mask_(slots.mask()),
        line_(static_cast<uint32_t>(mix_line(tag) >> slots.shift())),
        slot_(static_cast<uint32_t>(mix(tag.value) >> kSlotShift)) {}

  std::atomic<uint64_t>& slot() const { return lines_[line_ & mask_].at[slot_ % kLineSlots]; }
  void go_on() {
    ++slot_;
    if (++tried_ % kLineSlots == 0) ++line_;
  }

 private:
  static constexpr uint32_t kSlotShift = 44;  // below check_bits()

  Line* lines_;
  uint32_t mask_;
  uint32_t line_;
  uint32_t slot_;
  uint32_t tried_ = 0;
};

TagTable::TagTable(RecordMemory& memory, RecordPool& records) : memory_(memory), records_(records) {
  for (Shard& shard : shards_) {
    shard.slots.store(make_slots(shard, kFirstLinesLog2).word(), std::memory_order_relaxed);
  }
}

TagTable::~TagTable() {
  for (const Shard& shard : shards_) {
    for_each(slots_in(shard), [this](TagEntry& entry) { entry.members.clear(records_); });
  }
}

TagTable::Slots TagTable::make_slots(Shard& shard, uint32_t lines_log2) {
  const size_t bytes = sizeof(Line) << lines_log2;
  shard.slot_bytes += bytes;
  return {static_cast<Line*>(memory_.take(bytes)), lines_log2};
}

template <typename Visit>
void TagTable::for_each(Slots slots, const Visit& visit) {
  Line* const lines = slots.lines();
  constexpr uint32_t kAhead = 2;
  for (uint32_t i = 0; i <= slots.mask(); ++i) {
    // Entries lie anywhere.
    for (const auto& slot : lines[std::min(i + kAhead, slots.mask())].at) {
      const uint64_t word = slot.load(std::memory_order_relaxed);
      if (word != 0) __builtin_prefetch(address_in(word));
    }
    for (const auto& slot : lines[i].at) {
      const uint64_t word = slot.load(std::memory_order_relaxed);
      if (word != 0) visit(*address_in(word));
    }
  }
}

TagEntry* TagTable::probe(Slots slots, AppPc tag) {
  const uint64_t wanted = check_bits(tag);
  for (Walk walk(slots, tag);; walk.go_on()) {
    // Acquire: the entry's tag must be seen with its address.
    const uint64_t word = walk.slot().load(std::memory_order_acquire);
    if (word == 0) return nullptr;
    TagEntry* entry = address_in(word);
    if (word - reinterpret_cast<uint64_t>(entry) == wanted && entry->tag == tag) return entry;
  }
}

TagEntry* TagTable::find(AppPc tag) const { return probe(slots_of(tag), tag); }

void TagTable::prefetch(AppPc tag) const { __builtin_prefetch(&Walk(slots_of(tag), tag).slot()); }

void TagTable::prefetch_entry(AppPc tag) const {
  const uint64_t wanted = check_bits(tag);
  for (Walk walk(slots_of(tag), tag);; walk.go_on()) {
    const uint64_t word = walk.slot().load(std::memory_order_relaxed);
    if (word == 0) return;
    const TagEntry* entry = address_in(word);
    if (word - reinterpret_cast<uint64_t>(entry) != wanted) continue;
    constexpr int kToWrite = 1;
    __builtin_prefetch(entry, kToWrite);
    return;
  }
}

TagEntry& TagTable::find_or_make(AppPc tag) {
  if (TagEntry* entry = find(tag)) return *entry;
  Shard& shard = shards_[shard_of(tag)];
  Locked held(shard.lock);
  if (TagEntry* entry = probe(slots_in(shard), tag)) return *entry;
  return make(shard, tag);
}

TagEntry& TagTable::make(Shard& shard, AppPc tag) {
  // At most half full, so that a probe always ends at an empty slot soon.
  if (2 * (shard.count + 1) > kLineSlots << slots_in(shard).lines_log2()) grow(shard);
  auto* entry = new (raw_entry()) TagEntry(tag);
  ++shard.count;
  insert(slots_in(shard), *entry);
  return *entry;
}

TagEntry* TagTable::raw_entry() {
  Maker& maker = makers_[stripe_of_caller()];
  Locked held(maker.lock);
  if (maker.next == maker.end) {
    maker.next = static_cast<TagEntry*>(memory_.take(kPieceEntries * sizeof(TagEntry)));
    maker.end = maker.next + kPieceEntries;
  }
  return maker.next++;
}

void TagTable::insert(Slots slots, TagEntry& entry) {
  Walk walk(slots, entry.tag);
  while (walk.slot().load(std::memory_order_relaxed) != 0) walk.go_on();
  // Release: pairs with probe().
  walk.slot().store(check_bits(entry.tag) | reinterpret_cast<uint64_t>(&entry),
                    std::memory_order_release);
}

void TagTable::grow(Shard& shard) {
  const Slots old = slots_in(shard);
  const Slots larger = make_slots(shard, old.lines_log2() + 1);
  for_each(old, [larger](TagEntry& entry) { insert(larger, entry); });
  // Release: the slots must be seen filled. A reader still in the old ones misses only what is new.
  shard.slots.store(larger.word(), std::memory_order_release);
}

uint64_t TagTable::size() const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) {
    Locked held(shard.lock);
    sum += shard.count;
  }
  return sum;
}

uint64_t TagTable::bytes() const {
  uint64_t sum = sizeof(*this);
  for (const Shard& shard : shards_) {
    Locked held(shard.lock);
    sum += shard.count * sizeof(TagEntry) + shard.slot_bytes;
  }
  return sum;
}

void TagTable::save(StateWriter& out) const {
  for (const Shard& shard : shards_) {
    const Locked held(shard.lock);
    out.put(shard.slots.load(std::memory_order_relaxed));
    out.put(shard.count);
    out.put(shard.slot_bytes);
  }
  for (const Maker& maker : makers_) {
    const Locked held(maker.lock);
    out.put(maker.next);
    out.put(maker.end);
  }
}

void TagTable::resume(StateReader& in) {
  for (Shard& shard : shards_) {
    const Locked held(shard.lock);
    shard.slots.store(in.get<uint64_t>(), std::memory_order_release);
    shard.count = in.get<uint32_t>();
    shard.slot_bytes = in.get<uint64_t>();
  }
  for (Maker& maker : makers_) {
    const Locked held(maker.lock);
    maker.next = in.get<TagEntry*>();
    maker.end = in.get<TagEntry*>();
  }
}

}  // namespace weft::cache
