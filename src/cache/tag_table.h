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
#include "cache/record_memory.h"
#include "cache/stripe.h"
#include "cache/tag_entry.h"

namespace weft::cache {

class TagTable {
 public:
  explicit TagTable(RecordMemory& memory);
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
  static constexpr uint32_t kFirstLinesLog2 = 3;
  static constexpr uint32_t kSlabEntries = 64;

  static constexpr uint32_t kLineSlots = kCacheLine / sizeof(uint64_t);

  /// Open addressing, line by line: the tags of one cache line of program code, which are looked up
  /// one after another as it is translated, begin in one line of slots. A slot goes from 0 to an
  /// entry's address once. Above the address stand bits of the tag's hash, so that other tags'
  /// entries are not touched on the way.
  struct alignas(kCacheLine) Line {
    std::array<std::atomic<uint64_t>, kLineSlots> at{};
  };
  struct Slots {
    Slots(uint32_t lines_log2, RecordMemory& memory)
        : shift(64 - kShardBits - lines_log2),
          mask((1u << lines_log2) - 1),
          lines(static_cast<Line*>(memory.take((size_t{mask} + 1) * sizeof(Line)))) {}
    uint32_t shift;
    uint32_t mask;
    Line* lines;  ///< all zero at first
  };
  /// The slots where a tag may stand, in turn: all of a line, then of the next.
  class Walk;

  struct Slab {
    alignas(TagEntry) std::byte bytes[kSlabEntries * sizeof(TagEntry)];
  };

  struct alignas(kCacheLine) Shard {
    std::atomic<Slots*> slots{nullptr};
    mutable SpinLock lock;  ///< for all below
    uint32_t count = 0;
    uint32_t lines_log2 = kFirstLinesLog2;
    std::vector<std::unique_ptr<Slots>> all_slots;  ///< outgrown ones stay: readers may be in them
    std::vector<Slab*> slabs;
  };

  static TagEntry* probe(const Slots& slots, AppPc tag);
  static void insert(Slots& slots, TagEntry& entry);
  void grow(Shard& shard);
  TagEntry& make(Shard& shard, AppPc tag);
  static TagEntry& entry_at(const Shard& shard, uint32_t index);
  static size_t shard_of(AppPc tag) { return mix_line(tag) >> (64 - kShardBits); }

  RecordMemory& memory_;
  std::array<Shard, 1u << kShardBits> shards_;
};

}  // namespace weft::cache
