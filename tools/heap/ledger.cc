#include "heap/ledger.h"

namespace weft::tools {

uint32_t Ledger::site_of(const Stack& stack) {
  const auto [found, made] = numbers_.try_emplace(stack, static_cast<uint32_t>(sites_.size()));
  if (made) sites_.emplace_back().stack = &found->first;
  return found->second;
}

// Before `live` changes: later it is not what it was at the peak any more.
void Ledger::keep_peak(Site& site) const {
  if (site.peak == peak_) return;
  site.at_peak = site.live;
  site.peak = peak_;
}

void Ledger::allocated(Address at, uint64_t size, const Stack& stack, uint64_t now) {
  const uint32_t number = site_of(stack);
  Site& site = sites_[number];
  keep_peak(site);
  site.total.add(size);
  site.live.add(size);
  if (site.live.bytes > site.most.bytes) site.most = site.live;
  total_.add(size);
  live_.add(size);
  if (live_.bytes > most_.bytes) {
    most_ = live_;
    time_of_most_ = now;
    // Every site now has what it had at the peak.
    ++peak_;
  }
  freed_.erase(at);
  blocks_[at] = {size, now, number};
}

std::optional<Ledger::Block> Ledger::take(Address at) {
  const auto found = blocks_.find(at);
  if (found == blocks_.end()) return std::nullopt;
  const Block block = found->second;
  blocks_.erase(found);
  return block;
}

void Ledger::freed(Address at, const Block& block, uint64_t now) {
  // A block that moved may have left its place to another one already.
  if (blocks_.count(at) == 0) note_freed(at);
  if (block.site == kInherited) return;
  Site& site = sites_[block.site];
  keep_peak(site);
  site.live.remove(block.size);
  site.lifetimes += now - block.since;
  live_.remove(block.size);
}

void Ledger::note_freed(Address at) {
  if (!freed_.insert(at).second) return;
  freed_in_order_.push_back(at);
  if (freed_in_order_.size() <= kMostFreed) return;
  freed_.erase(freed_in_order_.front());
  freed_in_order_.pop_front();
}

void Ledger::inherit() {
  std::unordered_map<Address, Block> blocks = std::move(blocks_);
  for (auto& [at, block] : blocks) block.site = kInherited;
  *this = Ledger();
  blocks_ = std::move(blocks);
}

void Ledger::finish(uint64_t now) {
  for (const auto& [at, block] : blocks_) {
    if (block.site != kInherited) sites_[block.site].lifetimes += now - block.since;
  }
}

}  // namespace weft::tools
