// The last few regions that were deleted, so that a fragment whose bytes were read before a
// deletion and which was not registered yet is told that it is stale. Any thread; one short lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/address.h"
#include "base/spin_lock.h"

namespace weft::cache {

class RegionLog {
 public:
  /// A moment, to be kept with what was read after it.
  uint32_t now() const { return now_.load(std::memory_order_seq_cst); }
  /// Before the fragments that are registered in `range` are looked for.
  void note(AppRange range);
  /// Whether a byte of `bytes` was deleted since `then`. After the fragment is registered. Too many
  /// regions in between count as yes.
  bool touched_since(uint32_t then, AppRange bytes) const;

 private:
  static constexpr uint32_t kKept = 256;

  std::atomic<uint32_t> now_{0};  ///< counts regions; differences are taken modulo 2^32
  mutable SpinLock<LockRank::kRegions> lock_;
  std::array<AppRange, kKept> last_ GUARDED_BY(lock_){};
};

}  // namespace weft::cache
