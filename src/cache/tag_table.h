// From tag to entry: a hash table that only grows. Any thread; look-up takes no lock and never
// waits.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/address.h"
#include "base/spin_lock.h"
#include "cache/stripe.h"
#include "cache/tag_entry.h"

namespace weft::cache {

class TagTable {
 public:
  TagTable();
  ~TagTable();
  TagTable(const TagTable&) = delete;
  TagTable& operator=(const TagTable&) = delete;

  /// The entry of `tag`, or null. May miss one that another thread is just making.
  TagEntry* find(AppPc tag) const;
  TagEntry& find_or_make(AppPc tag);

  uint64_t size() const;
  uint64_t bytes() const;

 private:
  static constexpr uint32_t kShardBits = 6;
  static constexpr uint32_t kFirstCapacity = 64;
  static constexpr uint32_t kSlabEntries = 64;

  /// Open addressing; a slot goes from 0 to an entry's address once. Above the address stand
  /// further bits of the tag's hash, so that other tags' entries are not touched on the way.
  struct Slots {
    explicit Slots(uint32_t capacity_log2)
        : shift(64 - kShardBits - capacity_log2),
          mask((1u << capacity_log2) - 1),
          at(new std::atomic<uint64_t>[size_t{mask} + 1]()) {}
    uint32_t shift;
    uint32_t mask;
    std::unique_ptr<std::atomic<uint64_t>[]> at;
  };

  struct Slab {
    alignas(TagEntry) std::byte bytes[kSlabEntries * sizeof(TagEntry)];
  };

  struct alignas(kCacheLine) Shard {
    std::atomic<Slots*> slots{nullptr};
    mutable SpinLock lock;  ///< for all below
    uint32_t count = 0;
    uint32_t capacity_log2 = 0;
    std::vector<std::unique_ptr<Slots>> all_slots;  ///< outgrown ones stay: readers may be in them
    std::vector<std::unique_ptr<Slab>> slabs;
  };

  static TagEntry* probe(const Slots& slots, AppPc tag, uint64_t hash);
  static void insert(Slots& slots, TagEntry& entry);
  static void grow(Shard& shard);
  static TagEntry& make(Shard& shard, AppPc tag);
  static TagEntry& entry_at(const Shard& shard, uint32_t index);
  Shard& shard_of(uint64_t hash) { return shards_[hash >> (64 - kShardBits)]; }

  std::array<Shard, 1u << kShardBits> shards_;
};

}  // namespace weft::cache
