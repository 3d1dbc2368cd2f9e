// Indirect branch targets as tables of code pointers, for code that can have no shadow. Emitted
// code reads the tables: level 0 at the low 16 bits of the address, level i > 0 at the low 16 bits
// of its crc32 with seeds()[i]; the checking entry found there passes another's address on to the
// next level.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/result.h"
#include "base/spin_lock.h"
#include "cache/indirect_targets.h"

namespace weft::cache {

class HashTargets final : public IndirectTargets {
 public:
  static constexpr uint32_t kLevels = 4;
  static constexpr uint32_t kSlots = 65536;
  static constexpr std::array<uint32_t, kLevels> kSeeds = {0, 0x9E3779B9, 0x7F4A7C15, 0x2545F491};

  HashTargets() = default;
  ~HashTargets() override;

  /// Makes the tables. Once, before anything else.
  Status start();
  /// What empty slots hold. Once, before any thread reads the tables.
  void set_miss(CachePc miss);
  /// Whether set_miss() was called.
  bool is_ready() const { return ready_.load(std::memory_order_acquire); }
  /// The tables, one after the other, each of kSlots code pointers.
  const uint64_t* tables() const { return tables_; }

  bool publish(AppPc target, CachePc entry) override;
  void retract(AppPc target) override;

  /// Where the word of `target` is at `level`.
  static uint32_t slot(uint32_t level, AppPc target);
  /// What the emitted code finds for `target`: the entry that holds it, or the miss path.
  CachePc look_up(AppPc target) const;

 private:
  static constexpr uint32_t kLocks = 256;

  SpinLock<LockRank::kHashSlots>& lock_of(uint32_t level, uint32_t slot);
  uint64_t& word(uint32_t level, uint32_t slot) const { return tables_[level * kSlots + slot]; }
  uint64_t& tag(uint32_t level, uint32_t slot) const { return tags_[level * kSlots + slot]; }
  /// Empties the slot of `target` at `level` if it is its own.
  void clear(uint32_t level, AppPc target);

  uint64_t* tables_ = nullptr;
  uint64_t* tags_ = nullptr;  ///< whose each slot is; 0: nobody's. Under the slot's lock.
  CachePc miss_;
  std::atomic<bool> ready_{false};
  std::array<SpinLock<LockRank::kHashSlots>, kLocks> locks_;
};

}  // namespace weft::cache
