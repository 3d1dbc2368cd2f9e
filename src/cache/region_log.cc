#include "cache/region_log.h"

namespace weft::cache {

void RegionLog::note(AppRange range) {
  Locked held(lock_);
  const uint32_t number = now_.load(std::memory_order_relaxed);
  last_[number % kKept] = range;
  // Sequentially consistent: either a publisher sees the new number, or the deletion that looks at
  // the index after this sees the publisher's fragment there.
  now_.store(number + 1, std::memory_order_seq_cst);
}

bool RegionLog::touched_since(uint32_t then, AppRange bytes) const {
  if (now() == then) return false;
  Locked held(lock_);
  const uint32_t number = now_.load(std::memory_order_relaxed);
  if (number - then > kKept) return true;
  for (uint32_t i = then; i != number; ++i) {
    if (last_[i % kKept].overlaps(bytes)) return true;
  }
  return false;
}

}  // namespace weft::cache
