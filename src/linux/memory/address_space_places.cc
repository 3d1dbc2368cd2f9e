// Where new mappings go.
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/random.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/memory/address_space.h"
#include "linux/memory/layout.h"

namespace weft::linux {
namespace {

/// Files larger than this are data: a module that large would crowd the near zone.
constexpr uint64_t kLargestModule = 256ull << 20;
constexpr uint64_t kLowEnd = 0x8000'0000;
constexpr uint64_t kLowStart = 0x4000'0000;

constexpr uint64_t align_up(uint64_t value, uint64_t align) {
  return (value + align - 1) & ~(align - 1);
}

/// Below `count`; 0 if the user wants addresses to repeat (setarch -R), or the kernel has no
/// randomness yet.
uint64_t random_pages(uint64_t count) {
  constexpr uint64_t kQueryPersonality = 0xffffffff;
  const int64_t personality = raw_syscall(__NR_personality, kQueryPersonality);
  if (failed(personality) || (personality & ADDR_NO_RANDOMIZE) != 0) return 0;
  uint64_t value = 0;
  raw_syscall(__NR_getrandom, word(&value), sizeof value, GRND_NONBLOCK);
  return value % count;
}

bool belongs_near(const Placement& placement) {
  if (placement.size > kLargestModule) return false;
  return placement.file_backed || (placement.prot & PROT_EXEC) != 0;
}

}  // namespace

AddressSpace::AddressSpace() { use_zones(kWindowZones); }

void AddressSpace::use_zones(const Zones& zones) {
  const Locked guard(lock_);
  CHECK(map_.empty());
  zones_ = zones;
  near_start_ = zones.near.start.value + random_pages(0x4000) * kPageSize;
  far_cursor_ = zones.far.end.value - random_pages(0x100000) * kPageSize;
}

void AddressSpace::repeat_places() {
  const Locked guard(lock_);
  CHECK(map_.empty());
  repeats_places_ = true;
  near_start_ = zones_.near.start.value;
}

std::optional<uint64_t> AddressSpace::lowest_gap(AppRange zone, const Placement& placement) const {
  uint64_t candidate = align_up(zone.start.value, placement.align);
  for (auto it = at_or_after(candidate);; ++it) {
    const uint64_t gap_end =
        it == map_.end() ? zone.end.value : std::min(it->second.range.start.value, zone.end.value);
    if (candidate < gap_end && gap_end - candidate >= placement.size) return candidate;
    if (it == map_.end() || it->second.range.end >= zone.end) return std::nullopt;
    candidate = std::max(candidate, align_up(it->second.range.end.value, placement.align));
  }
}

std::optional<uint64_t> AddressSpace::highest_gap(AppRange zone, const Placement& placement) const {
  uint64_t gap_end = zone.end.value;
  for (auto it = map_.lower_bound(gap_end);;) {
    const bool last = it == map_.begin();
    const uint64_t below = last ? 0 : std::prev(it)->second.range.end.value;
    const uint64_t gap_start = std::max(below, zone.start.value);
    if (gap_start < gap_end && gap_end - gap_start >= placement.size) {
      const uint64_t candidate = (gap_end - placement.size) & ~(placement.align - 1);
      if (candidate >= gap_start) return candidate;
    }
    if (last || below <= zone.start.value) return std::nullopt;
    --it;
    gap_end = std::min(gap_end, it->second.range.start.value);
  }
}

std::optional<uint64_t> AddressSpace::far_gap(const Placement& placement) {
  const auto below = highest_gap({zones_.far.start, {far_cursor_}}, placement);
  if (below) {
    far_cursor_ = *below;
    return below;
  }
  return highest_gap(zones_.far, placement);
}

std::optional<uint64_t> AddressSpace::near_gap(const Placement& placement) {
  if (repeats_places_ && placement.file_number != 0) {
    // Ahead of the code cache, and behind what has no file: so far apart that two seldom meet.
    constexpr uint64_t kWithoutFile = kGiB / 4;
    constexpr uint64_t kApart = 64u << 10;
    constexpr uint64_t kFibonacci = 0x9E3779B97F4A7C15u;
    constexpr uint32_t kUpperHalf = 32;
    const uint64_t start = near_start_ + kWithoutFile;
    const uint64_t places = (zones_.code_cache - start) / kApart;
    const uint64_t own = (placement.file_number * kFibonacci >> kUpperHalf) % places;
    const uint64_t place = align_up(start + own * kApart, placement.align);
    if (free_locked({{place}, {place + placement.size}})) return place;
  }
  const bool plain = placement.align == kPageSize;
  const bool known = plain && placement.size >= near_cursor_size_;
  const uint64_t start = known ? std::max(near_cursor_, near_start_) : near_start_;
  auto gap = lowest_gap({{start}, zones_.near.end}, placement);
  // What mremap has left below is not looked for otherwise.
  if (!gap && start != near_start_) gap = lowest_gap({{near_start_}, zones_.near.end}, placement);
  if (gap && plain) {
    near_cursor_ = *gap + placement.size;
    near_cursor_size_ = placement.size;
  }
  return gap;
}

std::optional<AppPc> AddressSpace::choose(const Placement& wanted) {
  Placement placement = wanted;
  placement.size = page_up(placement.size);
  placement.align = std::max(placement.align, kPageSize);
  if (placement.size == 0 || placement.size > kUserEnd) return std::nullopt;

  const Locked guard(lock_);
  std::optional<uint64_t> place;
  const uint64_t hint = page_down(placement.hint);
  if (hint >= 0x10000 && hint <= kUserEnd - placement.size &&
      free_locked({{hint}, {hint + placement.size}})) {
    place = hint;
  } else if (placement.low_2gb) {
    place = lowest_gap({{kLowStart}, {kLowEnd}}, placement);
    if (!place) place = lowest_gap({{0x10000}, {kLowEnd}}, placement);
  } else {
    if (belongs_near(placement)) place = near_gap(placement);
    if (!place) place = far_gap(placement);
  }
  if (!place) return std::nullopt;
  Mapping held;
  held.range = {{*place}, {*place + placement.size}};
  held.owner = Owner::kReserved;
  insert(std::move(held));
  return AppPc{*place};
}

}  // namespace weft::linux
