// Code memory: one reservation of readable, writable, executable, private memory, taken from its
// start on in chunks of hot or of cold code. Owns the memory. Any thread; striped short locks.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/check.h"
#include "base/result.h"
#include "base/spin_lock.h"
#include "cache/arena.h"
#include "cache/slot.h"
#include "cache/stripe.h"

namespace weft::cache {

enum class Temperature : uint8_t { kHot, kCold };

class CodeSpace {
 public:
  /// Handed to an arena at a time; the largest slot there is.
  static constexpr uint32_t kChunk = 64u << 10;

  CodeSpace() = default;
  ~CodeSpace();
  CodeSpace(const CodeSpace&) = delete;
  CodeSpace& operator=(const CodeSpace&) = delete;

  /// Reserves `reserve` bytes at `base` (0: anywhere). Once, before anything else.
  Status start(uint64_t base, uint64_t reserve);

  /// Nothing if the limit is reached, or if no slot can be that large.
  std::optional<Slot> take(Temperature temperature, size_t bytes);
  /// Nobody executes there any more.
  void give(Slot slot);
  /// Gives the pages of memory that was given back here on to the kernel.
  void release_free();
  /// Memory for code that is never given back.
  std::optional<Slot> take_for_ever(size_t bytes);

  CachePc address(uint32_t offset) const { return {base_ + offset}; }
  uint32_t offset(CachePc pc) const { return static_cast<uint32_t>(pc.value - base_); }
  SIGNAL_SAFE bool contains(CachePc pc) const { return pc.value - base_ < reserve_; }
  AppRange range() const { return {{base_}, {base_ + reserve_}}; }

  /// Notes whose the slot is, for owner_at(); 0: nobody's.
  void set_owner(Slot slot, uint32_t owner);
  SIGNAL_SAFE uint32_t owner_at(CachePc pc) const;
  const std::atomic<uint32_t>* owners() const { return owners_; }

  uint64_t used(Temperature temperature) const;

  /// For a code image; nobody else is at work. Its memory: what is not for ever, and the owners.
  void save(StateWriter& out);
  std::vector<AppRange> image() const;
  /// The memory of the image whose state comes next; nothing if it does not fit.
  std::vector<AppRange> image_of(StateReader in) const;
  void resume(StateReader& in);

 private:
  static constexpr uint32_t kArenas = 2 * kStripes;

  std::optional<Slot> next_chunk(uint32_t arena);
  uint32_t chunks() const { return static_cast<uint32_t>(reserve_ / kChunk); }
  std::vector<AppRange> image_up_to(uint64_t next) const;
  static uint32_t arena_of(Temperature temperature, uint32_t stripe) {
    return (temperature == Temperature::kHot ? 0 : kStripes) + stripe;
  }

  uint64_t base_ = 0;
  uint64_t reserve_ = 0;
  std::atomic<uint32_t>* owners_ = nullptr;  ///< one for each granule
  std::array<Arena, kArenas> arenas_;
  std::unique_ptr<std::atomic<uint8_t>[]> chunk_arena_;
  mutable SpinLock<LockRank::kCodeSpace> lock_;
  /// Chunks below have been handed out, hot and cold ones in turn: what a small program has of both
  /// is in reach of one page table, which each fork copies. Chunk 0 is for what lives for ever.
  uint32_t next_ GUARDED_BY(lock_) = 1;
  uint32_t for_ever_ GUARDED_BY(lock_) = kCacheLine;  ///< offset 0 stays unused: it means none
};

}  // namespace weft::cache
