// From tag to entry: a hash table that only grows. Any thread; look-up takes no lock and never
// waits.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/address.h"
#include "base/spin_lock.h"
#include "cache/record_memory.h"
#include "cache/record_pool.h"
#include "cache/stripe.h"
#include "cache/tag_entry.h"

namespace weft::cache {

class TagTable {
 public:
  /// Lists of members are from `records`.
  TagTable(RecordMemory& memory, RecordPool& records);
  ~TagTable();
  TagTable(const TagTable&) = delete;
  TagTable& operator=(const TagTable&) = delete;

  /// The entry of `tag`, or null. May miss one that another thread is just making.
  TagEntry* find(AppPc tag) const;
  TagEntry& find_or_make(AppPc tag);

  /// Has the CPU fetch what find() is going to look at first, and the same for the tags of the
  /// same cache line of code. Costs nearly nothing.
  void prefetch(AppPc tag) const;
  /// After that: has the CPU fetch the entry of `tag`, if there is one.
  void prefetch_entry(AppPc tag) const;

  uint64_t size() const;
  uint64_t bytes() const;

  /// For a code image; nobody else is at work.
  void save(StateWriter& out) const;
  void resume(StateReader& in);

 private:
  static constexpr uint32_t kShardBits = 6;
  static constexpr uint32_t kFirstLinesLog2 = 3;
  static constexpr uint32_t kPieceEntries = 64;

  static constexpr uint32_t kLineSlots = kCacheLine / sizeof(uint64_t);

  /// Open addressing, line by line: the tags of one cache line of program code, which are looked up
  /// one after another as it is translated, begin in one line of slots. A slot goes from 0 to an
  /// entry's address once. Above the address stand bits of the tag's hash, so that other tags'
  /// entries are not touched on the way.
  struct alignas(kCacheLine) Line {
    std::array<std::atomic<uint64_t>, kLineSlots> at{};
  };
  /// Lines of slots, a power of two of them. A value: the address and the number in one word.
  class Slots {
   public:
    Slots(Line* lines, uint32_t lines_log2)
        : word_(reinterpret_cast<uint64_t>(lines) | lines_log2) {}
    explicit Slots(uint64_t word) : word_(word) {}
    uint64_t word() const { return word_; }
    uint32_t lines_log2() const { return static_cast<uint32_t>(word_ % kCacheLine); }
    uint32_t shift() const { return 64 - kShardBits - lines_log2(); }
    uint32_t mask() const { return (1u << lines_log2()) - 1; }
    Line* lines() const { return reinterpret_cast<Line*>(word_ - word_ % kCacheLine); }

   private:
    uint64_t word_;
  };
  /// The slots where a tag may stand, in turn: all of a line, then of the next.
  class Walk;

  struct alignas(kCacheLine) Shard {
    std::atomic<uint64_t> slots{0};  ///< a Slots; outgrown ones stay: readers may be in them
    mutable SpinLock<LockRank::kTagShard> lock;
    uint32_t count GUARDED_BY(lock) = 0;
    uint64_t slot_bytes GUARDED_BY(lock) = 0;
  };
  /// Where the entries come from that one thread makes: those of one fragment lie together.
  struct alignas(kCacheLine) Maker {
    mutable SpinLock<LockRank::kTagMaker> lock;
    TagEntry* next GUARDED_BY(lock) = nullptr;
    TagEntry* end GUARDED_BY(lock) = nullptr;
  };

  static TagEntry* probe(Slots slots, AppPc tag);
  static void insert(Slots slots, TagEntry& entry);
  static Slots slots_in(const Shard& shard) {
    return Slots(shard.slots.load(std::memory_order_acquire));
  }
  Slots slots_of(AppPc tag) const { return slots_in(shards_[shard_of(tag)]); }
  /// Shows every entry in the slots.
  template <typename Visit>
  static void for_each(Slots slots, const Visit& visit);
  Slots make_slots(Shard& shard, uint32_t lines_log2) REQUIRES(shard.lock);
  void grow(Shard& shard) REQUIRES(shard.lock);
  TagEntry& make(Shard& shard, AppPc tag) REQUIRES(shard.lock);
  TagEntry* raw_entry();
  static size_t shard_of(AppPc tag) { return mix_line(tag) >> (64 - kShardBits); }

  RecordMemory& memory_;
  RecordPool& records_;
  std::array<Shard, 1u << kShardBits> shards_;
  std::array<Maker, kStripes> makers_;
};

}  // namespace weft::cache
