// The code caches of a process, for whatever concerns them all. Does not own them; they are added,
// never taken away. Any thread may walk it at any time, without a lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/address.h"
#include "base/check.h"
#include "cache/code_cache.h"

namespace weft::engine {

class CacheSet {
 public:
  static constexpr uint32_t kMost = 64;

  CacheSet() = default;
  explicit CacheSet(cache::CodeCache& only) { add(only); }
  CacheSet(const CacheSet&) = delete;
  CacheSet& operator=(const CacheSet&) = delete;

  /// Before the first fragment of `cache` is translated. One caller at a time.
  void add(cache::CodeCache& cache) {
    const uint32_t at = count_.load(std::memory_order_relaxed);
    CHECK(at < kMost);
    caches_[at] = &cache;
    // Sequentially consistent, as in for_each().
    count_.store(at + 1, std::memory_order_seq_cst);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }

  uint32_t size() const { return count_.load(std::memory_order_acquire); }
  cache::CodeCache& at(uint32_t index) const { return *caches_[index]; }

  template <typename Visit>
  void for_each(Visit visit) const {
    // Whoever changed program memory and walks here either meets a cache, or that cache's thread,
    // which added it before it translates, sees the change.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const uint32_t count = count_.load(std::memory_order_seq_cst);
    for (uint32_t i = 0; i < count; ++i) visit(*caches_[i]);
  }

  /// Every fragment with a byte in `range`. Returns how many died.
  uint32_t delete_region(AppRange range) const {
    uint32_t died = 0;
    for_each([&](cache::CodeCache& cache) { died += cache.delete_region(range); });
    return died;
  }

 private:
  std::array<cache::CodeCache*, kMost> caches_{};
  std::atomic<uint32_t> count_{0};
};

}  // namespace weft::engine
