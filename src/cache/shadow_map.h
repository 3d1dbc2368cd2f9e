// Indirect branch targets as one word per program address: the word of t lies at 8 * t +
// displacement. The memory is reserved by the caller (linux::ShadowReservations), reads as zero,
// and is never given back. Any thread; has_shadow() and fill() are signal-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "base/spin_lock.h"
#include "cache/indirect_targets.h"
#include "linux/memory/repeated_word.h"
#include "linux/memory/shadowed_code.h"

namespace weft::cache {

class ShadowMap final : public IndirectTargets {
 public:
  /// Of a shadow page; and so many bytes of code it serves.
  static constexpr uint64_t kPageWords = kPageSize / sizeof(uint64_t);

  /// `covered`: which addresses have words.
  ShadowMap(uint64_t displacement, const linux::ShadowedCode& covered)
      : displacement_(displacement), covered_(covered) {}

  /// Where an indirect branch to an address without an entry goes. Set once, before any other call.
  void set_miss(CachePc miss) { miss_ = miss; }
  CachePc miss() const { return miss_; }
  SIGNAL_SAFE bool has_shadow(AppPc target) const { return covered_.contains(target); }

  /// Puts the miss path into the words of `target`'s shadow page, unless that was done. In a signal
  /// handler only for a thread that was found in the code cache, since it takes a short lock.
  SIGNAL_SAFE void fill(AppPc target);
  /// The same ahead of a branch to `target`, which costs less than the fault that it would take.
  void prepare(AppPc target);
  /// The same for all of `code`, whole pages. Long runs of untouched shadow pages are not written
  /// but mapped, from `misses`, whose word is the miss path's address. `filled`: not 0 for each
  /// shadow page that was filled by a mapping of a file.
  void prepare_all(AppRange code, std::span<const uint8_t> filled, linux::RepeatedWord& misses);

  bool publish(AppPc target, CachePc entry) override;
  void retract(AppPc target) override;

  /// Around fork(): nobody is in fill() in between.
  void lock_for_fork();
  void unlock_after_fork(bool child);

  /// The word of `target`, as a branch reads it.
  uint64_t read(AppPc target) const;
  uint64_t pages_filled() const { return pages_filled_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kFillLocks = 16;

  uint64_t* word(AppPc target) const;
  /// fill() for a page that nobody else fills.
  void fill_page(uint64_t* last);
  /// prepare_all() for code that has shadow words.
  void prepare_covered(AppRange code, std::span<const uint8_t> filled, linux::RepeatedWord& misses);
  /// The last of the words in `target`'s shadow page, which is the last one that fill() writes.
  uint64_t* last_word(AppPc target) const;

  uint64_t displacement_;
  const linux::ShadowedCode& covered_;
  CachePc miss_;
  std::atomic<uint64_t> pages_filled_{0};
  std::array<SpinLock<LockRank::kShadowPages>, kFillLocks> fill_locks_;  ///< each for some pages
};

}  // namespace weft::cache
