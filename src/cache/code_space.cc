#include "cache/code_space.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "linux/code_memory.h"

namespace weft::cache {
namespace {

/// Spreads threads over the arenas: by the page of the stack they run on, which costs nothing to know.
size_t arena_hint() {
  int on_stack = 0;
  return reinterpret_cast<uintptr_t>(&on_stack) >> 20;
}

uint32_t round_up(size_t bytes) {
  constexpr size_t kGranule = CodeSpace::kGranule;
  return static_cast<uint32_t>(std::max(kGranule, (bytes + kGranule - 1) / kGranule * kGranule));
}

}  // namespace

CodeSpace::~CodeSpace() {
  if (size_ != 0) linux::release_code_memory(base_, size_);
}

Status CodeSpace::reserve(uint64_t base, uint64_t size) {
  size = page_up(std::max(size, 2 * kChunk));
  Result<uint64_t> got = linux::reserve_code_memory(base, size);
  if (!got) return got.error();
  base_ = *got;
  size_ = size;
  next_hot_ = base_;
  next_cold_ = base_ + size_;
  arenas_ = std::make_unique<Arena[]>(kArenas);
  return Unit{};
}

bool CodeSpace::add_chunk(Pool& pool, Area area, uint64_t bytes) {
  if (pool.end > pool.cursor) {
    put_free(pool, pool.cursor, static_cast<uint32_t>(pool.end - pool.cursor));
  }
  pool.cursor = pool.end = 0;
  const uint64_t chunk = std::max(kChunk, page_up(bytes));
  const std::lock_guard held(chunk_lock_);
  if (next_cold_ - next_hot_ < chunk) return false;
  if (area == Area::kHot) {
    pool.cursor = next_hot_;
    next_hot_ += chunk;
  } else {
    next_cold_ -= chunk;
    pool.cursor = next_cold_;
  }
  pool.end = pool.cursor + chunk;
  pool.chunk_bytes += chunk;
  return true;
}

void CodeSpace::put_free(Pool& pool, uint64_t start, uint32_t size) {
  pool.free_bytes += size;
  const uint32_t granules = size / kGranule;
  if (granules <= kClasses) {
    pool.classes[granules].push_back(start);
  } else {
    pool.large.emplace(start, size);
  }
}

uint64_t CodeSpace::take_free(Pool& pool, uint32_t size) {
  if (pool.free_bytes < size) return 0;
  for (uint32_t granules = size / kGranule; granules <= kClasses; ++granules) {
    auto& list = pool.classes[granules];
    if (list.empty()) continue;
    const uint64_t start = list.back();
    list.pop_back();
    const uint32_t found = granules * kGranule;
    pool.free_bytes -= found;
    if (found > size) put_free(pool, start + size, found - size);
    return start;
  }
  for (auto it = pool.large.begin(); it != pool.large.end(); ++it) {
    if (it->second < size) continue;
    const auto [start, found] = *it;
    pool.large.erase(it);
    pool.free_bytes -= found;
    if (found > size) put_free(pool, start + size, found - size);
    return start;
  }
  return 0;
}

void CodeSpace::coalesce(Pool& pool) {
  std::vector<std::pair<uint64_t, uint64_t>> pieces;
  for (uint32_t granules = 1; granules <= kClasses; ++granules) {
    for (const uint64_t start : pool.classes[granules]) pieces.emplace_back(start, granules * kGranule);
    pool.classes[granules].clear();
  }
  for (const auto& [start, size] : pool.large) pieces.emplace_back(start, size);
  pool.large.clear();
  pool.free_bytes = 0;
  std::sort(pieces.begin(), pieces.end());
  for (size_t i = 0; i < pieces.size();) {
    auto [start, size] = pieces[i];
    constexpr uint64_t kLargest = 1u << 30;
    for (++i; i < pieces.size() && pieces[i].first == start + size && size < kLargest; ++i) {
      size += pieces[i].second;
    }
    put_free(pool, start, static_cast<uint32_t>(size));
  }
}

uint64_t CodeSpace::take_from(Pool& pool, Area area, uint32_t size) {
  if (const uint64_t start = take_free(pool, size); start != 0) return start;
  if (pool.end - pool.cursor < size) {
    // Memory in pieces is joined before more is asked for, once there is enough to be worth it.
    if (pool.free_bytes > pool.chunk_bytes / 4) {
      coalesce(pool);
      if (const uint64_t start = take_free(pool, size); start != 0) return start;
    }
    if (!add_chunk(pool, area, size)) {
      coalesce(pool);
      return take_free(pool, size);
    }
  }
  const uint64_t start = pool.cursor;
  pool.cursor += size;
  return start;
}

Slot CodeSpace::take(Area area, size_t bytes) {
  const uint32_t size = round_up(bytes);
  const size_t hint = arena_hint();
  for (size_t i = 0; i < kArenas; ++i) {
    const size_t chosen = (hint + i) % kArenas;
    Arena& arena = arenas_[chosen];
    const std::lock_guard held(arena.lock);
    const uint64_t start = take_from(arena.pools[index(area)], area, size);
    if (start == 0) continue;  // the space is full: another arena may have free slots
    used_[index(area)].fetch_add(size, std::memory_order_relaxed);
    return {{start}, size, static_cast<uint8_t>(chosen), area};
  }
  return {};
}

void CodeSpace::give_back(const Slot& slot) {
  constexpr int kBreakpoint = 0xCC;  // whoever comes here all the same stops at once
  std::memset(slot.start.bytes(), kBreakpoint, slot.size);
  used_[index(slot.area)].fetch_sub(slot.size, std::memory_order_relaxed);
  Arena& arena = arenas_[slot.arena];
  const std::lock_guard held(arena.lock);
  put_free(arena.pools[index(slot.area)], slot.start.value, slot.size);
}

uint64_t CodeSpace::footprint() const {
  return next_hot_.load() - base_ + (base_ + size_ - next_cold_.load());
}

void CodeSpace::lock_for_fork() {
  for (size_t i = 0; i < kArenas; ++i) arenas_[i].lock.lock();
  chunk_lock_.lock();
}

void CodeSpace::unlock_after_fork() {
  chunk_lock_.unlock();
  for (size_t i = kArenas; i-- > 0;) arenas_[i].lock.unlock();
}

}  // namespace weft::cache
