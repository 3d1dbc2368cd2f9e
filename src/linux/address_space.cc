#include "linux/address_space.h"

#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/random.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"
#include "linux/layout.h"
#include "linux/raw_syscall.h"

namespace weft::linux {
namespace {

using Guard = std::lock_guard<SpinLock>;

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

/// Whether `next` continues `mapping`, so that the kernel shows them as one line.
bool continues(const Mapping& mapping, const Mapping& next) {
  if (mapping.range.end != next.range.start || mapping.owner != next.owner) return false;
  if (mapping.owner == Owner::kReserved) return false;
  if (mapping.prot != next.prot || mapping.flags != next.flags || mapping.label != next.label) {
    return false;
  }
  if (mapping.file != next.file) return false;
  return mapping.file == nullptr || mapping.offset + mapping.range.size() == next.offset;
}

}  // namespace

bool Mapping::executable() const { return (prot & PROT_EXEC) != 0; }
bool Mapping::writable() const { return (prot & PROT_WRITE) != 0; }

bool Mapping::is_written_view() const {
  return file != nullptr && writable() && (flags & MAP_TYPE) != MAP_PRIVATE &&
         owner == Owner::kProgram;
}

AppRange common_part(const Mapping& mapping, const Mapping& view) {
  const AppRange none{mapping.range.start, mapping.range.start};
  if (mapping.file == nullptr || view.file == nullptr) return none;
  if (mapping.file->inode != view.file->inode || mapping.file->device != view.file->device) {
    return none;
  }
  const uint64_t first = std::max(mapping.offset, view.offset);
  const uint64_t last =
      std::min(mapping.offset + mapping.range.size(), view.offset + view.range.size());
  if (first >= last) return none;
  const AppPc start = mapping.range.start + (first - mapping.offset);
  return {start, start + (last - first)};
}

AddressSpace::AddressSpace() { use_zones(kWindowZones); }

void AddressSpace::use_zones(const Zones& zones) {
  CHECK(map_.empty());
  zones_ = zones;
  near_start_ = zones.near.start.value + random_pages(0x4000) * kPageSize;
  far_cursor_ = zones.far.end.value - random_pages(0x100000) * kPageSize;
}

AddressSpace::Map::const_iterator AddressSpace::at_or_after(uint64_t address) const {
  auto it = map_.upper_bound(address);
  if (it != map_.begin() && std::prev(it)->second.range.end.value > address) --it;
  return it;
}

bool AddressSpace::free_locked(AppRange range) const {
  const auto it = at_or_after(range.start.value);
  return it == map_.end() || it->second.range.start >= range.end;
}

void AddressSpace::split(uint64_t address) {
  const auto found = at_or_after(address);
  if (found == map_.end() || found->second.range.start.value >= address) return;
  Mapping& low = map_.at(found->first);
  Mapping high = low;
  low.range.end = {address};
  high.range.start = {address};
  if (high.file != nullptr) high.offset += low.range.size();
  map_.emplace(address, std::move(high));
}

void AddressSpace::erase(AppRange range) {
  split(range.start.value);
  split(range.end.value);
  map_.erase(map_.lower_bound(range.start.value), map_.lower_bound(range.end.value));
}

void AddressSpace::merge_around(AppRange range) {
  auto it = map_.lower_bound(range.start.value);
  if (it != map_.begin()) --it;
  while (it != map_.end()) {
    const auto next = std::next(it);
    if (next == map_.end() || next->second.range.start > range.end) return;
    if (continues(it->second, next->second)) {
      it->second.range.end = next->second.range.end;
      it->second.consulted = it->second.consulted || next->second.consulted;
      map_.erase(next);
    } else {
      it = next;
    }
  }
}

void AddressSpace::insert(Mapping mapping) {
  const AppRange range = mapping.range;
  erase(range);
  map_.emplace(range.start.value, std::move(mapping));
  merge_around(range);
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

std::optional<AppPc> AddressSpace::choose(const Placement& wanted) {
  Placement placement = wanted;
  placement.size = page_up(placement.size);
  placement.align = std::max(placement.align, kPageSize);
  if (placement.size == 0 || placement.size > kUserEnd) return std::nullopt;

  const Guard guard(lock_);
  std::optional<uint64_t> place;
  const uint64_t hint = page_down(placement.hint);
  if (hint >= 0x10000 && hint <= kUserEnd - placement.size &&
      free_locked({{hint}, {hint + placement.size}})) {
    place = hint;
  } else if (placement.low_2gb) {
    place = lowest_gap({{kLowStart}, {kLowEnd}}, placement);
    if (!place) place = lowest_gap({{0x10000}, {kLowEnd}}, placement);
  } else {
    if (belongs_near(placement)) {
      place = lowest_gap({{near_start_}, zones_.near.end}, placement);
    }
    if (!place) place = far_gap(placement);
  }
  if (!place) return std::nullopt;
  Mapping held;
  held.range = {{*place}, {*place + placement.size}};
  held.owner = Owner::kReserved;
  insert(std::move(held));
  return AppPc{*place};
}

bool AddressSpace::note_map(const Mapping& mapping) {
  CHECK(!mapping.range.empty());
  const Guard guard(lock_);
  collected_ = false;
  const bool consulted = is_consulted_locked(mapping.range);
  insert(mapping);
  if (mapping.executable() && mapping.file != nullptr) note_translated_file();
  return consulted;
}

void AddressSpace::note_unmap(AppRange range) {
  if (range.empty()) return;
  const Guard guard(lock_);
  collected_ = false;
  erase(range);
  // The gap, with what is free around it, is of use again.
  if (range.end > zones_.far.start && range.start < zones_.far.end &&
      range.end.value > far_cursor_) {
    const auto above = map_.lower_bound(range.end.value);
    const uint64_t end =
        above == map_.end() ? zones_.far.end.value : above->second.range.start.value;
    far_cursor_ = std::min(end, zones_.far.end.value);
  }
}

bool AddressSpace::note_protect(AppRange range, int prot) {
  if (range.empty()) return false;
  const Guard guard(lock_);
  collected_ = false;
  const bool consulted = is_consulted_locked(range);
  split(range.start.value);
  split(range.end.value);
  const auto end = map_.lower_bound(range.end.value);
  for (auto it = map_.lower_bound(range.start.value); it != end; ++it) {
    if (it->second.owner != Owner::kProgram) continue;
    it->second.prot = prot;
    it->second.consulted = false;
    if (it->second.executable() && it->second.file != nullptr) note_translated_file();
  }
  merge_around(range);
  return consulted;
}

bool AddressSpace::note_remap(AppRange from, AppRange to, bool keep_old) {
  const Guard guard(lock_);
  collected_ = false;
  const bool consulted = is_consulted_locked(from) || is_consulted_locked(to);
  const auto found = at_or_after(from.start.value);
  if (found == map_.end() || !found->second.range.contains(from.start)) return consulted;
  Mapping moved = found->second;
  if (moved.file != nullptr) moved.offset += from.start - moved.range.start;
  moved.range = to;
  if (!keep_old) erase(from);
  insert(std::move(moved));
  return consulted;
}

bool AddressSpace::consult(AppRange range) {
  const Guard guard(lock_);
  const auto found = at_or_after(range.start.value);
  if (found == map_.end()) return false;
  Mapping& mapping = map_.at(found->first);
  if (mapping.range.start > range.start || mapping.range.end < range.end) return false;
  const bool readable = (mapping.prot & PROT_READ) != 0;
  const bool is_private = (mapping.flags & MAP_TYPE) == MAP_PRIVATE;
  if (mapping.owner != Owner::kProgram || mapping.label == Label::kVvar) return false;
  if (!readable || mapping.writable() || mapping.executable() || !is_private) return false;
  if (has_written_views_locked(mapping)) return false;
  if (mapping.consulted) return true;
  mapping.consulted = true;
  if (mapping.file != nullptr) note_translated_file();
  return true;
}

bool AddressSpace::is_consulted(AppRange range) const {
  const Guard guard(lock_);
  return is_consulted_locked(range);
}

bool AddressSpace::is_consulted_locked(AppRange range) const {
  for (auto it = at_or_after(range.start.value);
       it != map_.end() && it->second.range.start < range.end; ++it) {
    if (it->second.consulted) return true;
  }
  return false;
}

void AddressSpace::set_label(AppRange range, Label label) {
  const Guard guard(lock_);
  split(range.start.value);
  split(range.end.value);
  const auto end = map_.lower_bound(range.end.value);
  for (auto it = map_.lower_bound(range.start.value); it != end; ++it) it->second.label = label;
  merge_around(range);
}

std::optional<Mapping> AddressSpace::find(AppPc pc) const {
  const Guard guard(lock_);
  const auto it = at_or_after(pc.value);
  if (it == map_.end() || !it->second.range.contains(pc)) return std::nullopt;
  return it->second;
}

bool AddressSpace::is_executable(AppRange range) const {
  const Guard guard(lock_);
  uint64_t covered = range.start.value;
  for (auto it = at_or_after(covered); it != map_.end() && covered < range.end.value; ++it) {
    const Mapping& mapping = it->second;
    if (mapping.range.start.value > covered || mapping.owner != Owner::kProgram) return false;
    if (!mapping.executable()) return false;
    covered = mapping.range.end.value;
  }
  return covered >= range.end.value;
}

bool AddressSpace::program_covers(AppRange range) const {
  const Guard guard(lock_);
  uint64_t covered = range.start.value;
  for (auto it = at_or_after(covered); it != map_.end() && covered < range.end.value; ++it) {
    if (it->second.range.start.value > covered || it->second.owner != Owner::kProgram) return false;
    covered = it->second.range.end.value;
  }
  return covered >= range.end.value;
}

std::optional<Mapping> AddressSpace::first_overlap(AppRange range, Owner owner) const {
  const Guard guard(lock_);
  for (auto it = at_or_after(range.start.value);
       it != map_.end() && it->second.range.start < range.end; ++it) {
    if (it->second.owner == owner) return it->second;
  }
  return std::nullopt;
}

std::optional<Mapping> AddressSpace::first_overlap(AppRange range) const {
  const Guard guard(lock_);
  const auto it = at_or_after(range.start.value);
  if (it == map_.end() || it->second.range.start >= range.end) return std::nullopt;
  return it->second;
}

void AddressSpace::collect_written_views() const {
  if (collected_) return;
  written_views_.clear();
  for (const auto& [start, mapping] : map_) {
    if (mapping.is_written_view()) written_views_.push_back(mapping);
  }
  collected_ = true;
}

bool AddressSpace::has_written_views(const Mapping& mapping) const {
  const Guard guard(lock_);
  return has_written_views_locked(mapping);
}

bool AddressSpace::has_written_views_locked(const Mapping& mapping) const {
  if (mapping.file == nullptr) return false;
  collect_written_views();
  return std::any_of(written_views_.begin(), written_views_.end(), [&](const Mapping& view) {
    return view.file->inode == mapping.file->inode && view.file->device == mapping.file->device;
  });
}

bool AddressSpace::is_written_elsewhere(const Mapping& mapping, AppRange page) const {
  const Guard guard(lock_);
  collect_written_views();
  return std::any_of(written_views_.begin(), written_views_.end(), [&](const Mapping& view) {
    return !view.range.overlaps(page) && common_part(mapping, view).overlaps(page);
  });
}

bool AddressSpace::translates_file(uint64_t device, uint64_t inode) const {
  const Guard guard(lock_);
  return std::any_of(map_.begin(), map_.end(), [&](const auto& entry) {
    const Mapping& mapping = entry.second;
    return mapping.file != nullptr && mapping.file->inode == inode &&
           mapping.file->device == device && mapping.feeds_translation() &&
           mapping.owner == Owner::kProgram;
  });
}

bool AddressSpace::is_free(AppRange range) const {
  const Guard guard(lock_);
  return free_locked(range);
}

void AddressSpace::for_each(const std::function<void(const Mapping&)>& visit) const {
  std::vector<Mapping> copy;
  {
    const Guard guard(lock_);
    copy.reserve(map_.size());
    for (const auto& [start, mapping] : map_) copy.push_back(mapping);
  }
  for (const Mapping& mapping : copy) visit(mapping);
}

void AddressSpace::lock_for_fork() { lock_.lock(); }
void AddressSpace::unlock_after_fork() { lock_.unlock(); }

}  // namespace weft::linux
