#include "cache/shadow_map.h"

#include <algorithm>
#include <vector>

#include "linux/memory/image_memory.h"

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
  Locked held(fill_locks_[reinterpret_cast<uint64_t>(last) / kPageSize % kFillLocks]);
  fill_page(last);
}

void ShadowMap::fill_page(uint64_t* last) {
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

void ShadowMap::prepare_all(AppRange code, std::span<const uint8_t> filled,
                            linux::RepeatedWord& misses) {
  constexpr uint64_t kChunk = linux::ShadowedCode::kChunk;
  for (AppPc at = code.start; at < code.end;) {
    const AppPc next{std::min(at.value / kChunk * kChunk + kChunk, code.end.value)};
    const auto part = filled.subspan((at - code.start) / kPageWords, (next - at) / kPageWords);
    if (has_shadow(at)) prepare_covered({at, next}, part, misses);
    at = next;
  }
}

// A filled page is in memory, so it is not mapped. One that the kernel has taken out of memory
// since loses its publications: branches come to the dispatcher there.
void ShadowMap::prepare_covered(AppRange code, std::span<const uint8_t> filled,
                                linux::RepeatedWord& misses) {
  constexpr int64_t kWorthMapping = 8;  // what a system call costs, in pages to write
  uint64_t* const first = word(code.start);
  std::vector<uint8_t> touched(filled.size());
  lock_for_fork();
  linux::find_resident(reinterpret_cast<uint64_t>(first), touched);
  for (size_t page = 0; page < touched.size(); ++page) {
    // Pages of a file may be in memory without being filled.
    const bool look = (touched[page] | filled[page]) != 0;
    std::atomic_ref last(first[page * kPageWords + kPageWords - 1]);
    touched[page] = look && last.load(std::memory_order_relaxed) != 0 ? 1 : 0;
  }
  for (auto at = touched.begin(); at != touched.end();) {
    const auto end = std::find(at, touched.end(), *at == 0 ? 1 : 0);
    uint64_t* const from = first + static_cast<uint64_t>(at - touched.begin()) * kPageWords;
    uint64_t* const to = first + static_cast<uint64_t>(end - touched.begin()) * kPageWords;
    const AppRange run{{reinterpret_cast<uint64_t>(from)}, {reinterpret_cast<uint64_t>(to)}};
    const bool mapped = *at == 0 && end - at >= kWorthMapping && misses.map(run);
    for (uint64_t* page = from; !mapped && page < to; page += kPageWords) {
      fill_page(page + kPageWords - 1);
    }
    at = end;
  }
  unlock_after_fork(false);
}

void ShadowMap::lock_for_fork() NO_THREAD_SAFETY_ANALYSIS {
  for (auto& lock : fill_locks_) lock.lock();
}

void ShadowMap::unlock_after_fork(bool /*child*/) NO_THREAD_SAFETY_ANALYSIS {
  for (auto& lock : fill_locks_) lock.unlock();
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
