#include "cache/shadow_map.h"

#include <mutex>

namespace weft::cache {

bool ShadowMap::reserve(AppRange range) {
  std::lock_guard held(lock_);
  const uint32_t count = count_.load(std::memory_order_relaxed);
  if (count == kMaxRanges) return false;
  ranges_[count] = range;
  // Release: the range must be seen before it counts.
  count_.store(count + 1, std::memory_order_release);
  return true;
}

bool ShadowMap::has_shadow(AppPc target) const {
  const uint32_t count = count_.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < count; ++i) {
    if (ranges_[i].contains(target)) return true;
  }
  return false;
}

uint64_t* ShadowMap::word(AppPc target) const {
  return reinterpret_cast<uint64_t*>(8 * target.value + displacement_);
}

void ShadowMap::fill(AppPc target) {
  auto* first = reinterpret_cast<uint64_t*>(page_down(reinterpret_cast<uint64_t>(word(target))));
  for (uint64_t i = 0; i < kPageSize / sizeof(uint64_t); ++i) {
    uint64_t untouched = 0;
    // Not a plain store: another thread may be publishing in this page. Relaxed: the miss path was
    // there before any thread ran.
    std::atomic_ref(first[i]).compare_exchange_strong(untouched, miss_.value,
                                                      std::memory_order_relaxed);
  }
  pages_filled_.fetch_add(1, std::memory_order_relaxed);
}

bool ShadowMap::publish(AppPc target, CachePc entry) {
  if (!has_shadow(target)) return false;
  std::atomic_ref shadow(*word(target));
  if (shadow.load(std::memory_order_relaxed) == 0) fill(target);
  // Release: the entry's code must be seen before its address.
  shadow.store(entry.value, std::memory_order_release);
  return true;
}

void ShadowMap::retract(AppPc target) {
  if (!has_shadow(target)) return;
  // Sequentially consistent: a deletion that has returned must be seen by every branch after it.
  std::atomic_ref(*word(target)).store(miss_.value, std::memory_order_seq_cst);
}

uint64_t ShadowMap::read(AppPc target) const {
  return std::atomic_ref(*word(target)).load(std::memory_order_acquire);
}

}  // namespace weft::cache
