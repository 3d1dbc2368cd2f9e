// Code memory: one reservation, of which hot and cold chunks go to arenas, and slots from those to
// fragments. Holds code only; its bookkeeping lies elsewhere. Any thread; not signal-safe unless marked.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/address.h"
#include "base/check.h"
#include "base/result.h"
#include "base/spin_lock.h"

namespace weft::cache {

enum class Area : uint8_t { kHot, kCold };

/// A piece of code memory. Owned by whoever took it until given back.
struct Slot {
  CachePc start;
  uint32_t size = 0;  ///< a multiple of CodeSpace::kGranule
  uint8_t arena = 0;
  Area area = Area::kHot;
  bool contains(CachePc pc) const { return pc.value - start.value < size; }
};

class CodeSpace {
 public:
  static constexpr uint32_t kGranule = 16;

  ~CodeSpace();
  /// Reserves `size` bytes at `base` (0: anywhere). Once.
  Status reserve(uint64_t base, uint64_t size);

  /// A slot of at least `bytes` bytes; size 0 if the space is full.
  Slot take(Area area, size_t bytes);
  /// No thread can be executing the slot's code any more.
  void give_back(const Slot& slot);

  uint64_t low() const { return base_; }
  uint64_t high() const { return base_ + size_; }
  SIGNAL_SAFE bool contains(CachePc pc) const { return pc.value - base_ < size_; }
  uint64_t used(Area area) const { return used_[index(area)].load(std::memory_order_relaxed); }
  /// Bytes of chunks handed to arenas: what memory the code takes.
  uint64_t footprint() const;

  void lock_for_fork();
  void unlock_after_fork();

 private:
  static constexpr size_t kArenas = 16;
  static constexpr uint64_t kChunk = 64u << 10;
  static constexpr size_t kClasses = 128;  ///< exact sizes up to kClasses granules; the rest in `large`

  struct Pool {
    uint64_t cursor = 0;
    uint64_t end = 0;
    uint64_t free_bytes = 0;
    uint64_t chunk_bytes = 0;
    std::vector<uint64_t> classes[kClasses + 1];
    std::map<uint64_t, uint32_t> large;  ///< start -> size
  };
  struct alignas(64) Arena {
    SpinLock lock;
    Pool pools[2];
  };

  static constexpr size_t index(Area area) { return static_cast<size_t>(area); }
  uint64_t take_from(Pool& pool, Area area, uint32_t size);
  uint64_t take_free(Pool& pool, uint32_t size);
  void put_free(Pool& pool, uint64_t start, uint32_t size);
  void coalesce(Pool& pool);
  bool add_chunk(Pool& pool, Area area, uint64_t bytes);

  uint64_t base_ = 0;
  uint64_t size_ = 0;
  std::atomic<uint64_t> next_hot_{0};   ///< chunks grow up from the start
  std::atomic<uint64_t> next_cold_{0};  ///< and down from the end
  SpinLock chunk_lock_;
  std::atomic<uint64_t> used_[2] = {};
  std::unique_ptr<Arena[]> arenas_;
};

}  // namespace weft::cache
