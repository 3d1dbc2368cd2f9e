#include "cache/interval_index.h"

#include <algorithm>
#include <mutex>

#include "base/check.h"

namespace weft::cache {
namespace {

uint64_t first_page(AppRange range) { return range.start.value / kPageSize; }
uint64_t last_page(AppRange range) { return (range.end.value - 1) / kPageSize; }

}  // namespace

IntervalIndex::Piece IntervalIndex::piece(uint64_t page, AppRange bytes, uint32_t id) {
  const uint64_t start = page * kPageSize;
  const uint64_t first = std::max(bytes.start.value, start) - start;
  const uint64_t last = std::min(bytes.end.value - 1, start + kPageSize - 1) - start;
  return {static_cast<uint16_t>(first), static_cast<uint16_t>(last), id};
}

void IntervalIndex::add(AppRange bytes, uint32_t id) {
  if (bytes.empty()) return;
  for (uint64_t page = first_page(bytes); page <= last_page(bytes); ++page) {
    Stripe& stripe = stripe_of(page);
    std::lock_guard held(stripe.lock);
    stripe.pages[page].push_back(piece(page, bytes, id));
  }
}

void IntervalIndex::remove(AppRange bytes, uint32_t id) {
  if (bytes.empty()) return;
  for (uint64_t page = first_page(bytes); page <= last_page(bytes); ++page) {
    const Piece wanted = piece(page, bytes, id);
    Stripe& stripe = stripe_of(page);
    std::lock_guard held(stripe.lock);
    const auto found = stripe.pages.find(page);
    CHECK(found != stripe.pages.end());
    Pieces& pieces = found->second;
    // From the end: what dies young was added late.
    const auto at = std::find_if(pieces.rbegin(), pieces.rend(), [&wanted](const Piece& p) {
      return p.id == wanted.id && p.first == wanted.first && p.last == wanted.last;
    });
    CHECK(at != pieces.rend());
    *at = pieces.back();
    pieces.pop_back();
    if (pieces.empty()) stripe.pages.erase(found);
  }
}

void IntervalIndex::append_overlaps(uint64_t page, const Pieces& pieces, AppRange range,
                                    std::vector<uint32_t>& ids) {
  const Piece wanted = piece(page, range, 0);
  for (const Piece& p : pieces) {
    if (p.first <= wanted.last && wanted.first <= p.last) ids.push_back(p.id);
  }
}

void IntervalIndex::collect(AppRange range, std::vector<uint32_t>& ids) const {
  if (range.empty()) return;
  const uint64_t first = first_page(range);
  const uint64_t last = last_page(range);
  if (last - first < kManyPages) {
    for (uint64_t page = first; page <= last; ++page) {
      const Stripe& stripe = stripe_of(page);
      std::lock_guard held(stripe.lock);
      const auto found = stripe.pages.find(page);
      if (found != stripe.pages.end()) append_overlaps(page, found->second, range, ids);
    }
  } else {
    for (const Stripe& stripe : stripes_) {
      std::lock_guard held(stripe.lock);
      for (const auto& [page, pieces] : stripe.pages) {
        if (first <= page && page <= last) append_overlaps(page, pieces, range, ids);
      }
    }
  }
  if (ids.size() < 2) return;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

uint64_t IntervalIndex::bytes() const {
  uint64_t sum = sizeof(*this);
  for (const Stripe& stripe : stripes_) {
    std::lock_guard held(stripe.lock);
    sum += stripe.pages.bucket_count() * sizeof(void*);
    for (const auto& [page, pieces] : stripe.pages) {
      sum += sizeof(page) + sizeof(Pieces) + 2 * sizeof(void*) + pieces.capacity() * sizeof(Piece);
    }
  }
  return sum;
}

}  // namespace weft::cache
