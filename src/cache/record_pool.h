// Fragments' records: blocks of memory by size, given back and used again. Any thread; striped
// short locks.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory_resource>

#include "base/spin_lock.h"
#include "cache/image_state.h"
#include "cache/record_memory.h"
#include "cache/stripe.h"

namespace weft::cache {

class RecordPool {
 public:
// So that a sanitizer sees what is used after it was given back.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static constexpr bool kPooled = false;
#else
  static constexpr bool kPooled = true;
#endif

  explicit RecordPool(RecordMemory& memory) : memory_(memory) {}

  struct Record {
    void* memory;    ///< not cleared; aligned to 16 bytes
    uint8_t stripe;  ///< to be shown when it is given back
  };
  Record take(size_t bytes);
  void give(Record record, size_t bytes);

  /// For a code image; nobody else is at work.
  void save(StateWriter& out) const;
  void resume(StateReader& in);

 private:
  static constexpr size_t kUnit = 32;
  static constexpr size_t kLargest = 2048;  ///< larger ones are rounded up to a power of two
  static constexpr size_t kLargeSizes = 64;
  static constexpr size_t kPiece = 16u << 10;

  struct Free {
    Free* next;
  };
  struct alignas(kCacheLine) Stripe {
    mutable SpinLock<LockRank::kRecords> lock;
    uint64_t next GUARDED_BY(lock) = 0;
    uint64_t end GUARDED_BY(lock) = 0;
    std::array<Free*, kLargest / kUnit + 1> free GUARDED_BY(lock){};  ///< by size in units
  };

  static size_t log2_of(size_t bytes) { return static_cast<size_t>(std::bit_width(bytes - 1)); }
  void* take_large(size_t bytes);

  RecordMemory& memory_;
  std::array<Stripe, kStripes> stripes_;
  mutable SpinLock<LockRank::kLargeRecords> large_lock_;
  std::array<Free*, kLargeSizes> large_ GUARDED_BY(large_lock_){};  ///< by log2 of the size
};

/// The same for containers. What they take is aligned to 16 bytes.
class PoolResource final : public std::pmr::memory_resource {
 public:
  explicit PoolResource(RecordPool& pool) : pool_(pool) {}

 private:
  void* do_allocate(size_t bytes, size_t alignment) override;
  void do_deallocate(void* memory, size_t bytes, size_t alignment) override;
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  RecordPool& pool_;
};

}  // namespace weft::cache
