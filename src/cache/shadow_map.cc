#include "cache/shadow_map.h"

#include <algorithm>
#include <mutex>

#include "base/address.h"
#include "cache/record_memory.h"

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

std::optional<AppRange> ShadowMap::range_of(AppPc target) const {
  const uint32_t count = count_.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < count; ++i) {
    if (ranges_[i].contains(target)) return ranges_[i];
  }
  return std::nullopt;
}

bool ShadowMap::has_shadow(AppPc target) const { return range_of(target).has_value(); }

uint64_t* ShadowMap::word(AppPc target) const {
  return reinterpret_cast<uint64_t*>(8 * target.value + displacement_);
}

AppRange ShadowMap::shadow_pages(AppRange range) const {
  const auto address = [this](AppPc pc) { return reinterpret_cast<uint64_t>(word(pc)); };
  return {{page_down(address(range.start))}, {page_up(address(range.end))}};
}

// No word of a page changes before it is filled (see publish() and retract()), so plain stores lose
// no publication, and the last word tells whether they have been made.
void ShadowMap::fill(uint64_t page) {
  auto* const first = reinterpret_cast<uint64_t*>(page);
  uint64_t* const last = first + kPageWords - 1;
  if (std::atomic_ref(*last).load(std::memory_order_acquire) != 0) return;
  std::lock_guard held(fill_locks_[page / kPageSize % kFillLocks]);
  if (std::atomic_ref(*last).load(std::memory_order_relaxed) != 0) return;
  for (uint64_t* at = first; at <= last; ++at) {
    // Release, for the last word: who sees it may store into the others.
    std::atomic_ref(*at).store(miss_.value, std::memory_order_release);
  }
  pages_filled_.fetch_add(1, std::memory_order_relaxed);
}

void ShadowMap::prepare(AppPc target) {
  constexpr uint64_t kGroup = kGroupPages * kPageSize;
  const uint64_t number = reinterpret_cast<uint64_t>(word(target)) / kGroup;
  DCHECK(number != 0);
  std::atomic<uint64_t>& known = filled_groups_[number % kKnownGroups];
  // Acquire: who sees the number may store into the group's words.
  if (known.load(std::memory_order_acquire) == number) return;
  const std::optional<AppRange> range = range_of(target);
  if (!range) return;
  const AppRange all = shadow_pages(*range);
  const uint64_t start = std::max(number * kGroup, all.start.value);
  const uint64_t end = std::min((number + 1) * kGroup, all.end.value);
  populate(start, end - start);
  for (uint64_t page = start; page < end; page += kPageSize) fill(page);
  known.store(number, std::memory_order_release);
}

void ShadowMap::lock_for_fork() {
  for (SpinLock& lock : fill_locks_) lock.lock();
}

void ShadowMap::unlock_after_fork() {
  for (SpinLock& lock : fill_locks_) lock.unlock();
}

bool ShadowMap::publish(AppPc target, CachePc entry) {
  if (!has_shadow(target)) return false;
  prepare(target);
  std::atomic_ref shadow(*word(target));
  // Release: the entry's code must be seen before its address.
  shadow.store(entry.value, std::memory_order_release);
  return true;
}

void ShadowMap::retract(AppPc target) {
  if (!has_shadow(target)) return;
  std::atomic_ref shadow(*word(target));
  // A word that nobody published misses already; a store would make its page look filled.
  if (shadow.load(std::memory_order_relaxed) == 0) return;
  // Sequentially consistent: a deletion that has returned must be seen by every branch after it.
  shadow.store(miss_.value, std::memory_order_seq_cst);
}

uint64_t ShadowMap::read(AppPc target) const {
  return std::atomic_ref(*word(target)).load(std::memory_order_acquire);
}

}  // namespace weft::cache
