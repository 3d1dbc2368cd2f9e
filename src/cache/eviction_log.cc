#include "cache/eviction_log.h"

#include <algorithm>

namespace weft::cache {
namespace {

constexpr uint32_t kLapMask = (1u << 24) - 1;
constexpr uint32_t kMostReturns = 3;
static_assert((1u << kMostReturns) - 1 == EvictionLog::kMostChances);

}  // namespace

EvictionLog::EvictionLog() : words_(static_cast<std::atomic<uint64_t>*>(map_zeros(kBytes))) {}

EvictionLog::Record EvictionLog::unpack(uint64_t word) {
  return {static_cast<uint32_t>(word >> 32), static_cast<uint32_t>(word >> 8) & kLapMask,
          static_cast<uint32_t>(word & 0xFF)};
}

uint64_t EvictionLog::pack(Record record) {
  return uint64_t{record.key} << 32 | uint64_t{record.lap & kLapMask} << 8 | record.returns;
}

std::atomic<uint64_t>& EvictionLog::word_of(AppPc tag, uint32_t& key) const {
  const uint64_t mixed = tag.value * 0x9E3779B97F4A7C15u;
  key = static_cast<uint32_t>(mixed >> 16);
  return words_[mixed >> (64 - kSlotBits)];
}

void EvictionLog::note(AppPc tag) {
  uint32_t key = 0;
  std::atomic<uint64_t>& word = word_of(tag, key);
  Record record = unpack(word.load(std::memory_order_relaxed));
  if (record.key != key) record = {key, 0, 0};
  record.lap = lap_.load(std::memory_order_relaxed);
  word.store(pack(record), std::memory_order_relaxed);
}

uint8_t EvictionLog::chances(AppPc tag) {
  const uint32_t now = lap_.load(std::memory_order_relaxed);
  if (now == 0) return 0;
  uint32_t key = 0;
  std::atomic<uint64_t>& word = word_of(tag, key);
  Record record = unpack(word.load(std::memory_order_relaxed));
  if (record.key != key || record.lap == 0) return 0;
  const bool soon = ((now - record.lap) & kLapMask) <= 1;
  record.returns = soon ? std::min(record.returns + 1, kMostReturns) : 0;
  record.lap = 0;
  word.store(pack(record), std::memory_order_relaxed);
  return static_cast<uint8_t>((1u << record.returns) - 1);
}

}  // namespace weft::cache
