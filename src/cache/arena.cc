#include "cache/arena.h"

#include <iterator>

#include "base/check.h"

namespace weft::cache {

std::optional<Slot> Arena::take(uint32_t size, const ChunkSource& more) {
  DCHECK(size != 0 && size % kGranule == 0);
  Locked held(lock_);
  std::optional<Slot> slot = take_binned(size);
  if (!slot) slot = take_fresh(size);
  if (!slot) slot = take_run(size);
  if (!slot && binned_bytes_ >= kMergeAt) {
    merge_bins();
    slot = take_run(size);
  }
  if (!slot) {
    if (const std::optional<Slot> chunk = more()) {
      start_chunk(*chunk);
      slot = take_fresh(size);
    } else {
      merge_bins();
      slot = take_run(size);
    }
  }
  if (slot) used_ += size;
  return slot;
}

void Arena::give(Slot slot) {
  Locked held(lock_);
  used_ -= slot.size;
  if (slot.size / kGranule > kBins) {
    add_run(slot);
    return;
  }
  if (bins_.empty()) bins_.resize(kBins + 1);
  bins_[slot.size / kGranule].push_back(slot.offset);
  binned_bytes_ += slot.size;
}

void Arena::visit_free(const std::function<void(Slot)>& visit) {
  Locked held(lock_);
  merge_bins();
  for (const auto& [offset, size] : runs_) visit({offset, size});
}

uint64_t Arena::used() const {
  Locked held(lock_);
  return used_;
}

void Arena::save(StateWriter& out) {
  const Locked held(lock_);
  merge_bins();
  out.put(fresh_);
  out.put(used_);
  std::vector<Slot> free;
  for (const auto& [offset, size] : runs_) free.push_back({offset, size});
  out.put_all(free);
}

void Arena::resume(StateReader& in) {
  const Locked held(lock_);
  fresh_ = in.get<Slot>();
  used_ = in.get<uint64_t>();
  for (const Slot free : in.get_all<Slot>()) add_run(free);
}

std::optional<Slot> Arena::take_binned(uint32_t size) {
  if (size / kGranule > kBins || bins_.empty()) return std::nullopt;
  std::vector<uint32_t>& bin = bins_[size / kGranule];
  if (bin.empty()) return std::nullopt;
  const Slot slot{bin.back(), size};
  bin.pop_back();
  binned_bytes_ -= size;
  return slot;
}

std::optional<Slot> Arena::take_fresh(uint32_t size) {
  if (fresh_.size < size) return std::nullopt;
  const Slot slot{fresh_.offset, size};
  fresh_.offset += size;
  fresh_.size -= size;
  return slot;
}

std::optional<Slot> Arena::take_run(uint32_t size) {
  const auto best = by_size_.lower_bound({size, 0});
  if (best == by_size_.end()) return std::nullopt;
  const Slot run{best->second, best->first};
  remove_run(runs_.find(run.offset));
  if (run.size > size) add_run({run.offset + size, run.size - size});
  return Slot{run.offset, size};
}

void Arena::add_run(Slot slot) {
  auto next = runs_.lower_bound(slot.offset);
  if (next != runs_.end() && next->first == slot.end()) {
    slot.size += next->second;
    const auto joined = next++;
    remove_run(joined);
  }
  if (next != runs_.begin()) {
    const auto previous = std::prev(next);
    if (previous->first + previous->second == slot.offset) {
      slot = {previous->first, previous->second + slot.size};
      remove_run(previous);
    }
  }
  runs_.emplace(slot.offset, slot.size);
  by_size_.emplace(slot.size, slot.offset);
}

void Arena::remove_run(std::map<uint32_t, uint32_t>::iterator run) {
  by_size_.erase({run->second, run->first});
  runs_.erase(run);
}

void Arena::merge_bins() {
  if (bins_.empty()) return;
  for (uint32_t granules = 1; granules <= kBins; ++granules) {
    for (const uint32_t offset : bins_[granules]) add_run({offset, granules * kGranule});
    bins_[granules].clear();
  }
  binned_bytes_ = 0;
}

void Arena::start_chunk(Slot chunk) {
  if (fresh_.size != 0 && fresh_.end() == chunk.offset) {
    fresh_.size += chunk.size;
    return;
  }
  if (fresh_.size != 0) add_run(fresh_);
  fresh_ = chunk;
}

}  // namespace weft::cache
