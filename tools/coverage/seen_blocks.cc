#include "seen_blocks.h"

#include <algorithm>
#include <cstring>

#include "common/block_hash.h"

namespace weft::tools {
namespace {

constexpr uint32_t kNone = ~uint32_t{0};
/// Counters lie in one area of some megabytes.
constexpr uint64_t kArea = uint64_t{1} << 32;

}  // namespace

uint32_t& SeenBlocks::find(const Range& range, uint32_t hash) {
  for (size_t at = first_slot(range.start, slots_.size());; ++at) {
    uint32_t& slot = slots_[at & (slots_.size() - 1)];
    if (slot == kNone) return slot;
    const Seen& seen = seen_[slot];
    if (seen.start == range.start && seen.hash == hash && seen.size == range.size()) return slot;
  }
}

void SeenBlocks::grow() {
  constexpr size_t kFirstSize = 1024;
  slots_.assign(std::max(kFirstSize, 4 * slots_.size()), kNone);
  for (uint32_t i = 0; i < seen_.size(); ++i) {
    const Seen& seen = seen_[i];
    find(seen.range(), seen.hash) = i;
  }
}

const SeenBlocks::Seen* SeenBlocks::find_kept(const Range& range, uint32_t hash) const {
  const auto before = [](const Seen& seen, Address start) { return seen.start < start; };
  auto at = std::lower_bound(kept_.begin(), kept_.end(), range.start, before);
  for (; at != kept_.end() && at->start == range.start; ++at) {
    if (at->hash == hash && at->size == range.size()) return &*at;
  }
  return nullptr;
}

Counter SeenBlocks::counter_of(Process& process, const Block& block) {
  const auto hash = static_cast<uint32_t>(hash_of(block));
  const Range range = block.range();
  const std::lock_guard guard(mutex_);
  if (const Seen* const kept = find_kept(range, hash)) return counter(*kept);
  if (2 * seen_.size() >= slots_.size()) grow();
  uint32_t& slot = find(range, hash);
  if (slot != kNone) return counter(seen_[slot]);
  const Counter made = process.new_counter();
  if (cells_ == nullptr)
    cells_ = reinterpret_cast<uint64_t*>(reinterpret_cast<uint64_t>(made.cell()) & ~(kArea - 1));
  slot = static_cast<uint32_t>(seen_.size());
  constexpr uint64_t kAddress = (uint64_t{1} << 48) - 1;
  seen_.push_back({range.start & kAddress, static_cast<uint16_t>(range.size()), hash,
                   static_cast<uint32_t>(made.cell() - cells_)});
  return made;
}

template <typename Visit>
void SeenBlocks::for_each(Visit visit) const {
  for (const Seen& each : kept_) visit(each);
  for (const Seen& each : seen_) visit(each);
}

std::vector<Range> SeenBlocks::ran() {
  const std::lock_guard guard(mutex_);
  size_t count = 0;
  for_each([&](const Seen& each) { count += counter(each).get() != 0 ? 1 : 0; });
  std::vector<Range> all;
  all.reserve(count);
  const auto add = [&](const Seen& each) {
    if (counter(each).get() != 0 && all.size() < count) all.push_back(each.range());
  };
  const auto before = [](const Range& a, const Range& b) {
    return a.start != b.start ? a.start < b.start : a.end < b.end;
  };
  for (const Seen& each : kept_) add(each);
  const auto first_new = static_cast<std::ptrdiff_t>(all.size());
  for (const Seen& each : seen_) add(each);
  std::sort(all.begin() + first_new, all.end(), before);
  std::inplace_merge(all.begin(), all.begin() + first_new, all.end(), before);
  const auto same = [](const Range& a, const Range& b) {
    return a.start == b.start && a.end == b.end;
  };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  return all;
}

size_t SeenBlocks::size() {
  const std::lock_guard guard(mutex_);
  return kept_.size() + seen_.size();
}

void SeenBlocks::reset() {
  const std::lock_guard guard(mutex_);
  // What has not run is not to be touched.
  for_each([&](const Seen& each) {
    if (counter(each).get() != 0) counter(each).set(0);
  });
}

std::vector<uint8_t> SeenBlocks::save(const std::function<bool(Address)>& kept) {
  const std::lock_guard guard(mutex_);
  std::vector<Seen> all;
  for_each([&](const Seen& each) {
    if (kept(each.start)) all.push_back(each);
  });
  std::sort(all.begin(), all.end());
  const auto first = reinterpret_cast<uint64_t>(cells_);
  std::vector<uint8_t> bytes(sizeof first + all.size() * sizeof(Seen));
  std::memcpy(bytes.data(), &first, sizeof first);
  if (!all.empty()) std::memcpy(bytes.data() + sizeof first, all.data(), all.size() * sizeof(Seen));
  return bytes;
}

void SeenBlocks::resume(std::span<const uint8_t> saved) {
  const std::lock_guard guard(mutex_);
  uint64_t first = 0;
  if (saved.size() < sizeof first) return;
  std::memcpy(&first, saved.data(), sizeof first);
  cells_ = reinterpret_cast<uint64_t*>(first);
  const std::span<const uint8_t> rest = saved.subspan(sizeof first);
  kept_ = {reinterpret_cast<const Seen*>(rest.data()), rest.size() / sizeof(Seen)};
}

}  // namespace weft::tools
