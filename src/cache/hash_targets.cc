#include "cache/hash_targets.h"

#include <sys/mman.h>

#include <atomic>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::cache {
namespace {

constexpr uint64_t kTableBytes =
    uint64_t{HashTargets::kLevels} * HashTargets::kSlots * sizeof(uint64_t);

/// One step of CRC-32C for each bit, as the crc32 instruction does on 64 bits. Only writers use it.
uint32_t crc32c(uint32_t crc, uint64_t value) {
  for (int byte = 0; byte < 8; ++byte) {
    crc ^= static_cast<uint32_t>(value >> (8 * byte)) & 0xFF;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
  }
  return crc;
}

uint64_t* map_words() {
  const int64_t got =
      linux::raw_syscall(__NR_mmap, 0, kTableBytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, static_cast<uint64_t>(-1), 0);
  return linux::failed(got) ? nullptr : reinterpret_cast<uint64_t*>(got);
}

void unmap_words(uint64_t* words) {
  if (words != nullptr) linux::kernel::unmap(linux::word(words), kTableBytes);
}

}  // namespace

HashTargets::~HashTargets() {
  unmap_words(tables_);
  unmap_words(tags_);
}

Status HashTargets::start() {
  CHECK(tables_ == nullptr);
  tables_ = map_words();
  tags_ = map_words();
  if (tables_ == nullptr || tags_ == nullptr) {
    return Error{"no memory for the table of indirect branches", 0};
  }
  return Unit{};
}

void HashTargets::set_miss(CachePc miss) {
  miss_ = miss;
  for (uint32_t i = 0; i < kLevels * kSlots; ++i) {
    std::atomic_ref(tables_[i]).store(miss.value, std::memory_order_relaxed);
  }
  // Release: the tables are filled before anyone publishes there.
  ready_.store(true, std::memory_order_release);
}

uint32_t HashTargets::slot(uint32_t level, AppPc target) {
  const uint64_t hash = level == 0 ? target.value : crc32c(kSeeds[level], target.value);
  return static_cast<uint32_t>(hash % kSlots);
}

SpinLock<LockRank::kHashSlots>& HashTargets::lock_of(uint32_t level, uint32_t slot) {
  return locks_[(slot + level * 61) % kLocks];
}

bool HashTargets::publish(AppPc target, CachePc entry) {
  uint32_t level = 0;
  for (;; ++level) {
    const uint32_t at = slot(level, target);
    Locked held(lock_of(level, at));
    uint64_t& owner = tag(level, at);
    const bool last = level + 1 == kLevels;
    if (owner != 0 && owner != target.value && !last) continue;
    owner = target.value;
    // Release: the entry's code must be seen before its address.
    std::atomic_ref(word(level, at)).store(entry.value, std::memory_order_release);
    break;
  }
  // Another level may hold an older entry of this address, from when this slot was taken.
  for (uint32_t other = level + 1; other < kLevels; ++other) clear(other, target);
  return true;
}

void HashTargets::clear(uint32_t level, AppPc target) {
  const uint32_t at = slot(level, target);
  Locked held(lock_of(level, at));
  if (tag(level, at) != target.value) return;
  tag(level, at) = 0;
  // Sequentially consistent: a deletion that has returned must be seen by every branch after it.
  std::atomic_ref(word(level, at)).store(miss_.value, std::memory_order_seq_cst);
}

void HashTargets::retract(AppPc target) {
  for (uint32_t level = 0; level < kLevels; ++level) clear(level, target);
}

CachePc HashTargets::look_up(AppPc target) const {
  for (uint32_t level = 0; level < kLevels; ++level) {
    const uint32_t at = slot(level, target);
    const uint64_t entry = std::atomic_ref(word(level, at)).load(std::memory_order_acquire);
    if (entry == miss_.value || tag(level, at) == target.value) return {entry};
  }
  return miss_;
}

}  // namespace weft::cache
