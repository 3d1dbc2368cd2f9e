#include "cache/tag_table.h"

#include <mutex>
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
  Walk(const Slots& slots, AppPc tag)
      : slots_(slots),
        line_(static_cast<uint32_t>(mix_line(tag) >> slots.shift)),
        slot_(static_cast<uint32_t>(mix(tag.value) >> kSlotShift)) {}

  std::atomic<uint64_t>& slot() const {
    return slots_.lines[line_ & slots_.mask].at[slot_ % kLineSlots];
  }
  void go_on() {
    ++slot_;
    if (++tried_ % kLineSlots == 0) ++line_;
  }

 private:
  static constexpr uint32_t kSlotShift = 44;  // below check_bits()

  const Slots& slots_;
  uint32_t line_;
  uint32_t slot_;
  uint32_t tried_ = 0;
};

TagTable::TagTable(RecordMemory& memory) : memory_(memory) {
  for (Shard& shard : shards_) {
    shard.all_slots.push_back(std::make_unique<Slots>(shard.lines_log2, memory_));
    shard.slots.store(shard.all_slots.back().get(), std::memory_order_relaxed);
  }
}

TagTable::~TagTable() {
  for (Shard& shard : shards_) {
    for (uint32_t i = 0; i < shard.count; ++i) entry_at(shard, i).~TagEntry();
  }
}

TagEntry& TagTable::entry_at(const Shard& shard, uint32_t index) {
  std::byte* slab = shard.slabs[index / kSlabEntries]->bytes;
  return *reinterpret_cast<TagEntry*>(slab + (index % kSlabEntries) * sizeof(TagEntry));
}

TagEntry* TagTable::probe(const Slots& slots, AppPc tag) {
  const uint64_t wanted = check_bits(tag);
  for (Walk walk(slots, tag);; walk.go_on()) {
    // Acquire: the entry's tag must be seen with its address.
    const uint64_t word = walk.slot().load(std::memory_order_acquire);
    if (word == 0) return nullptr;
    TagEntry* entry = address_in(word);
    if (word - reinterpret_cast<uint64_t>(entry) == wanted && entry->tag == tag) return entry;
  }
}

TagEntry* TagTable::find(AppPc tag) const {
  return probe(*shards_[shard_of(tag)].slots.load(std::memory_order_acquire), tag);
}

TagEntry& TagTable::find_or_make(AppPc tag) {
  if (TagEntry* entry = find(tag)) return *entry;
  Shard& shard = shards_[shard_of(tag)];
  std::lock_guard held(shard.lock);
  if (TagEntry* entry = probe(*shard.slots.load(std::memory_order_relaxed), tag)) return *entry;
  return make(shard, tag);
}

TagEntry& TagTable::make(Shard& shard, AppPc tag) {
  // At most half full, so that a probe always ends at an empty slot soon.
  if (2 * (shard.count + 1) > kLineSlots << shard.lines_log2) grow(shard);
  if (shard.count % kSlabEntries == 0) {
    shard.slabs.push_back(static_cast<Slab*>(memory_.take(sizeof(Slab))));
  }
  std::byte* raw = shard.slabs.back()->bytes + (shard.count % kSlabEntries) * sizeof(TagEntry);
  auto* entry = new (raw) TagEntry(tag);
  ++shard.count;
  insert(*shard.slots.load(std::memory_order_relaxed), *entry);
  return *entry;
}

void TagTable::insert(Slots& slots, TagEntry& entry) {
  Walk walk(slots, entry.tag);
  while (walk.slot().load(std::memory_order_relaxed) != 0) walk.go_on();
  // Release: pairs with probe().
  walk.slot().store(check_bits(entry.tag) | reinterpret_cast<uint64_t>(&entry),
                    std::memory_order_release);
}

void TagTable::grow(Shard& shard) {
  auto larger = std::make_unique<Slots>(++shard.lines_log2, memory_);
  // In the order in which they lie in memory, not in that of the slots.
  for (uint32_t i = 0; i < shard.count; ++i) insert(*larger, entry_at(shard, i));
  // Release: the slots must be seen filled. A reader still in the old ones misses only what is new.
  shard.slots.store(larger.get(), std::memory_order_release);
  shard.all_slots.push_back(std::move(larger));
}

uint64_t TagTable::size() const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) {
    std::lock_guard held(shard.lock);
    sum += shard.count;
  }
  return sum;
}

uint64_t TagTable::bytes() const {
  uint64_t sum = sizeof(*this);
  for (const Shard& shard : shards_) {
    std::lock_guard held(shard.lock);
    sum += shard.slabs.size() * sizeof(Slab);
    for (const auto& slots : shard.all_slots) {
      sum += (size_t{slots->mask} + 1) * sizeof(Line);
    }
  }
  return sum;
}

}  // namespace weft::cache
