#include "linux/memory/address_space.h"

#include <sys/mman.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "base/check.h"
#include "linux/memory/layout.h"

namespace weft::linux {
namespace {

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
bool Mapping::is_private() const { return (flags & MAP_TYPE) == MAP_PRIVATE; }

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

bool AddressSpace::note_map(const Mapping& mapping) {
  CHECK(!mapping.range.empty());
  const Locked guard(lock_);
  collected_ = false;
  const bool consulted = is_consulted_locked(mapping.range);
  insert(mapping);
  if (mapping.executable()) note_translated_file(mapping);
  return consulted;
}

void AddressSpace::note_unmap(AppRange range) {
  if (range.empty()) return;
  const Locked guard(lock_);
  free_range(range);
}

void AddressSpace::give_up(AppRange range) {
  const Locked guard(lock_);
  std::vector<AppRange> held;
  for (auto it = at_or_after(range.start.value);
       it != map_.end() && it->second.range.start < range.end; ++it) {
    if (it->second.owner != Owner::kReserved) continue;
    held.push_back(it->second.range.intersection(range));
  }
  for (const AppRange part : held) free_range(part);
}

void AddressSpace::free_range(AppRange range) {
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
  if (range.start.value < near_cursor_) {
    const auto at = map_.lower_bound(range.start.value);
    near_cursor_ = at == map_.begin() ? 0 : std::prev(at)->second.range.end.value;
  }
}

bool AddressSpace::note_protect(AppRange range, int prot) {
  if (range.empty()) return false;
  const Locked guard(lock_);
  collected_ = false;
  const bool consulted = is_consulted_locked(range);
  split(range.start.value);
  split(range.end.value);
  const auto end = map_.lower_bound(range.end.value);
  for (auto it = map_.lower_bound(range.start.value); it != end; ++it) {
    if (it->second.owner != Owner::kProgram) continue;
    it->second.prot = prot;
    it->second.consulted = false;
    if (it->second.executable()) note_translated_file(it->second);
  }
  merge_around(range);
  return consulted;
}

bool AddressSpace::note_remap(AppRange from, AppRange to, bool keep_old) {
  const Locked guard(lock_);
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
  const Locked guard(lock_);
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
  note_translated_file(mapping);
  return true;
}

bool AddressSpace::is_consulted(AppRange range) const {
  const Locked guard(lock_);
  return is_consulted_locked(range);
}

bool AddressSpace::is_consulted_locked(AppRange range) const {
  for (auto it = at_or_after(range.start.value);
       it != map_.end() && it->second.range.start < range.end; ++it) {
    if (it->second.consulted) return true;
  }
  return false;
}

std::optional<Mapping> AddressSpace::find(AppPc pc) const {
  const Locked guard(lock_);
  const auto it = at_or_after(pc.value);
  if (it == map_.end() || !it->second.range.contains(pc)) return std::nullopt;
  return it->second;
}

bool AddressSpace::is_executable(AppRange range) const {
  const Locked guard(lock_);
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
  const Locked guard(lock_);
  uint64_t covered = range.start.value;
  for (auto it = at_or_after(covered); it != map_.end() && covered < range.end.value; ++it) {
    if (it->second.range.start.value > covered || it->second.owner != Owner::kProgram) return false;
    covered = it->second.range.end.value;
  }
  return covered >= range.end.value;
}

std::optional<Mapping> AddressSpace::first_overlap(AppRange range, Owner owner) const {
  const Locked guard(lock_);
  for (auto it = at_or_after(range.start.value);
       it != map_.end() && it->second.range.start < range.end; ++it) {
    if (it->second.owner == owner) return it->second;
  }
  return std::nullopt;
}

std::optional<Mapping> AddressSpace::first_overlap(AppRange range) const {
  const Locked guard(lock_);
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
  const Locked guard(lock_);
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
  const Locked guard(lock_);
  collect_written_views();
  return std::any_of(written_views_.begin(), written_views_.end(), [&](const Mapping& view) {
    return !view.range.overlaps(page) && common_part(mapping, view).overlaps(page);
  });
}

void AddressSpace::note_translated_file(const Mapping& mapping) {
  if (mapping.file == nullptr) return;
  translated_files_.emplace(mapping.file->device, mapping.file->inode);
  // After the mapping is in the record: who sees the new version finds it there.
  translated_files_version_.fetch_add(1, std::memory_order_release);
}

bool AddressSpace::translates_file(uint64_t device, uint64_t inode) const {
  const Locked guard(lock_);
  return translated_files_.contains({device, inode}) &&
         std::any_of(map_.begin(), map_.end(), [&](const auto& entry) {
           const Mapping& mapping = entry.second;
           return mapping.file != nullptr && mapping.file->inode == inode &&
                  mapping.file->device == device && mapping.feeds_translation() &&
                  mapping.owner == Owner::kProgram;
         });
}

bool AddressSpace::is_free(AppRange range) const {
  const Locked guard(lock_);
  return free_locked(range);
}

void AddressSpace::for_each(const std::function<void(const Mapping&)>& visit) const {
  std::vector<Mapping> copy;
  {
    const Locked guard(lock_);
    copy.reserve(map_.size());
    for (const auto& [start, mapping] : map_) copy.push_back(mapping);
  }
  for (const Mapping& mapping : copy) visit(mapping);
}

uint64_t AddressSpace::size_of(bool (*counts)(const Mapping&)) const {
  const Locked guard(lock_);
  uint64_t size = 0;
  for (const auto& [start, mapping] : map_) size += counts(mapping) ? mapping.range.size() : 0;
  return size;
}

}  // namespace weft::linux
