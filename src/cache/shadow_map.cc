#include "cache/shadow_map.h"

#include <mutex>

namespace weft::cache {

uint64_t* ShadowMap::word(AppPc target) const {
  return reinterpret_cast<uint64_t*>(8 * target.value + displacement_);
}

uint64_t* ShadowMap::last_word(AppPc target) const {
  const uint64_t page = page_down(reinterpret_cast<uint64_t>(word(target)));
  return reinterpret_cast<uint64_t*>(page) + kPageWords - 1;
}

// No word of a page changes before it is filled (see publish() and retract()), so plain stores lose
// no publication, and the last word tells whether they have been made.
void ShadowMap::fill(AppPc target) {
  uint64_t* last = last_word(target);
  std::lock_guard held(fill_locks_[reinterpret_cast<uint64_t>(last) / kPageSize % kFillLocks]);
  if (std::atomic_ref(*last).load(std::memory_order_relaxed) != 0) return;
  for (uint64_t* at = last - (kPageWords - 1); at <= last; ++at) {
    // Release, for the last word: who sees it may store into the others.
    std::atomic_ref(*at).store(miss_.value, std::memory_order_release);
  }
  pages_filled_.fetch_add(1, std::memory_order_relaxed);
}

void ShadowMap::prepare(AppPc target) {
  if (!has_shadow(target)) return;
  // Read by a write, so that an untouched page takes one page fault and not two: xadd is one
  // access, where fetch_or() would be a load and a compare-and-swap.
  if (std::atomic_ref(*last_word(target)).fetch_add(0, std::memory_order_acquire) == 0)
    fill(target);
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
