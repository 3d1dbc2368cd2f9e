#include "cache/record_memory.h"

#include <sys/mman.h>

#include <algorithm>

#include "base/address.h"
#include "base/check.h"
#include "cache/stripe.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/memory/reserve.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace weft::cache {
namespace {

constexpr uint64_t kFirstRegion = 8u << 20;  // of address space
constexpr uint64_t kRegion = 64u << 20;
/// So few that they are still in the CPU's caches, where clearing leaves them, when they are used.
constexpr uint64_t kStep = 16u << 10;

uint64_t align_up(uint64_t value, uint64_t to) { return (value + to - 1) & ~(to - 1); }

}  // namespace

void populate(uint64_t start, uint64_t size) {
  linux::raw_syscall(__NR_madvise, start, size, MADV_POPULATE_WRITE);
}

void* map_zeros(size_t bytes) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  const int64_t mapped = linux::raw_syscall(__NR_mmap, 0, bytes, PROT_READ | PROT_WRITE, kFlags,
                                            static_cast<uint64_t>(-1), 0);
  CHECK(!linux::failed(mapped));
  return reinterpret_cast<void*>(mapped);
}

void unmap_zeros(void* memory, size_t bytes) { linux::kernel::unmap(linux::word(memory), bytes); }

RecordMemory::RecordMemory(AppRange place) {
  if (place.empty() || linux::failed(linux::reserve_memory(place))) return;
  use_region(place.start.value, place.size());
  place_ = place;
}

RecordMemory::~RecordMemory() {
  for (const Region& region : regions_) {
    linux::kernel::unmap(region.start, region.size);
  }
}

void* RecordMemory::take(size_t bytes) {
  Locked held(lock_);
  bytes = align_up(bytes, kCacheLine);
  if (end_ - next_ < bytes) start_region(bytes);
  const uint64_t start = next_;
  next_ += bytes;
  if (next_ > provided_) provide(next_);
  return reinterpret_cast<void*>(start);
}

void RecordMemory::start_region(size_t bytes) {
  const uint64_t usual = regions_.empty() ? kFirstRegion : kRegion;
  const uint64_t size = std::max(usual, align_up(bytes, kStep));
  const uint64_t start = linux::word(map_zeros(size));
  // For the same reason as kStep, and because a small program would get 2 MB more than it needs.
  linux::raw_syscall(__NR_madvise, start, size, MADV_NOHUGEPAGE);
  use_region(start, size);
}

void RecordMemory::use_region(uint64_t start, uint64_t size) {
  regions_.push_back({start, size});
  next_ = provided_ = start;
  end_ = start + size;
}

std::optional<AppRange> RecordMemory::image() const {
  Locked held(lock_);
  if (place_.empty() || regions_.size() != 1) return std::nullopt;
  return AppRange{place_.start, {next_}};
}

void RecordMemory::resume(uint64_t next) {
  Locked held(lock_);
  CHECK(regions_.size() == 1 && place_.contains({next}));
  next_ = provided_ = next;
}

void RecordMemory::provide(uint64_t end) {
  const uint64_t to = std::min(align_up(end, kStep), end_);
  populate(provided_, to - provided_);
  provided_ = to;
}

}  // namespace weft::cache
