// What is remembered of evicted tags: code that comes back soon was not cold. Owned by the cache; a
// table of limited size, so it may forget. Any thread, no lock; racing calls may lose one note.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/address.h"
#include "cache/record_memory.h"

namespace weft::cache {

class EvictionLog {
 public:
  EvictionLog();
  EvictionLog(const EvictionLog&) = delete;
  EvictionLog& operator=(const EvictionLog&) = delete;

  /// The hand that goes round the fragments begins its round number `lap`, from 1.
  void begin_lap(uint32_t lap) { lap_.store(lap, std::memory_order_relaxed); }
  /// The code of `tag` was evicted in this lap.
  void note(AppPc tag);
  /// `tag` has code again: how often the hand is to pass it by. 0, unless it was evicted in this
  /// lap or the one before; and then more, each time in a row.
  uint8_t chances(AppPc tag);

  static constexpr uint32_t kMostChances = 7;

 private:
  static constexpr uint32_t kSlotBits = 14;

  struct Record {
    uint32_t key;      ///< of the tag; another tag's record is overwritten
    uint32_t lap;      ///< of its eviction, 24 bits; 0: its code is there
    uint32_t returns;  ///< in a row
  };
  static Record unpack(uint64_t word);
  static uint64_t pack(Record record);
  /// The tag's word, and its key.
  std::atomic<uint64_t>& word_of(AppPc tag, uint32_t& key) const;

  static constexpr size_t kBytes = (size_t{1} << kSlotBits) * sizeof(uint64_t);
  struct Free {
    void operator()(void* memory) const { unmap_zeros(memory, kBytes); }
  };
  std::atomic<uint32_t> lap_{0};
  /// Its pages are touched only once something is evicted.
  std::unique_ptr<std::atomic<uint64_t>[], Free> words_;
};

}  // namespace weft::cache
