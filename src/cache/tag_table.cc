#include "cache/tag_table.h"

#include <bit>
#include <mutex>
#include <new>

namespace weft::cache {
namespace {

/// Below the shard's bits; see TagTable::Slots.
uint32_t position(uint64_t hash, uint32_t shift, uint32_t mask) {
  return static_cast<uint32_t>(hash >> shift) & mask;
}

constexpr uint32_t kAddressBits = 48;

/// The bits of the hash that stand above an entry's address; no others choose the slot.
uint64_t check_bits(uint64_t hash) { return hash << 32 >> kAddressBits << kAddressBits; }

TagEntry* address_in(uint64_t word) {
  constexpr uint32_t kAbove = 64 - kAddressBits;
  return reinterpret_cast<TagEntry*>(word << kAbove >> kAbove);
}

}  // namespace

TagTable::TagTable() {
  for (Shard& shard : shards_) {
    shard.capacity_log2 = static_cast<uint32_t>(std::countr_zero(kFirstCapacity));
    shard.all_slots.push_back(std::make_unique<Slots>(shard.capacity_log2));
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

TagEntry* TagTable::probe(const Slots& slots, AppPc tag, uint64_t hash) {
  const uint64_t wanted = check_bits(hash);
  for (uint32_t i = position(hash, slots.shift, slots.mask);; i = (i + 1) & slots.mask) {
    // Acquire: the entry's tag must be seen with its address.
    const uint64_t word = slots.at[i].load(std::memory_order_acquire);
    if (word == 0) return nullptr;
    TagEntry* entry = address_in(word);
    if (word - reinterpret_cast<uint64_t>(entry) == wanted && entry->tag == tag) return entry;
  }
}

TagEntry* TagTable::find(AppPc tag) const {
  const uint64_t hash = mix(tag.value);
  const Shard& shard = shards_[hash >> (64 - kShardBits)];
  return probe(*shard.slots.load(std::memory_order_acquire), tag, hash);
}

TagEntry& TagTable::find_or_make(AppPc tag) {
  if (TagEntry* entry = find(tag)) return *entry;
  const uint64_t hash = mix(tag.value);
  Shard& shard = shard_of(hash);
  std::lock_guard held(shard.lock);
  if (TagEntry* entry = probe(*shard.slots.load(std::memory_order_relaxed), tag, hash)) {
    return *entry;
  }
  return make(shard, tag);
}

TagEntry& TagTable::make(Shard& shard, AppPc tag) {
  // At most three quarters full, so that a probe always ends at an empty slot soon.
  if (4 * (shard.count + 1) > 3 * (1u << shard.capacity_log2)) grow(shard);
  if (shard.count % kSlabEntries == 0) shard.slabs.push_back(std::make_unique<Slab>());
  std::byte* raw = shard.slabs.back()->bytes + (shard.count % kSlabEntries) * sizeof(TagEntry);
  auto* entry = new (raw) TagEntry(tag);
  ++shard.count;
  insert(*shard.slots.load(std::memory_order_relaxed), *entry);
  return *entry;
}

void TagTable::insert(Slots& slots, TagEntry& entry) {
  const uint64_t hash = mix(entry.tag.value);
  uint32_t i = position(hash, slots.shift, slots.mask);
  while (slots.at[i].load(std::memory_order_relaxed) != 0) i = (i + 1) & slots.mask;
  // Release: pairs with probe().
  slots.at[i].store(check_bits(hash) | reinterpret_cast<uint64_t>(&entry),
                    std::memory_order_release);
}

void TagTable::grow(Shard& shard) {
  auto larger = std::make_unique<Slots>(++shard.capacity_log2);
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
      sum += (size_t{slots->mask} + 1) * sizeof(std::atomic<uint64_t>);
    }
  }
  return sum;
}

}  // namespace weft::cache
