#include "cache/interval_index.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace weft::cache {
namespace {

constexpr uint32_t kWordBits = 64;

uint64_t first_page(AppRange range) { return range.start.value / kPageSize; }
uint64_t last_page(AppRange range) { return (range.end.value - 1) / kPageSize; }

/// The bits from `first` to `last` that are in word `at` of a bitmap.
uint64_t bits_in_word(uint32_t at, uint32_t first, uint32_t last) {
  const uint32_t low = std::max(first, at * kWordBits) % kWordBits;
  const uint32_t high = std::min(last, at * kWordBits + kWordBits - 1) % kWordBits;
  return ~uint64_t{0} >> (kWordBits - 1 - high) & ~uint64_t{0} << low;
}

}  // namespace

void IntervalIndex::Page::add(Piece piece, PoolResource& memory) {
  for (uint32_t at = piece.first / kWordBits; at <= piece.last / kWordBits; ++at) {
    touched_[at] |= bits_in_word(at, piece.first, piece.last);
  }
  if (count_ == capacity_) reserve(2 * capacity_, memory);
  pieces_[count_++] = piece;
}

void IntervalIndex::Page::reserve(uint32_t capacity, PoolResource& memory) {
  std::pmr::polymorphic_allocator<Piece> allocator(&memory);
  Piece* const larger = allocator.allocate(capacity);
  std::copy_n(pieces_, count_, larger);
  if (pieces_ != nullptr) allocator.deallocate(pieces_, capacity_);
  pieces_ = larger;
  capacity_ = capacity;
}

void IntervalIndex::Page::clear(PoolResource& memory) {
  std::pmr::polymorphic_allocator<Piece>(&memory).deallocate(pieces_, capacity_);
}

void IntervalIndex::Page::remove(Piece piece) {
  // From the end: what dies young was added late.
  uint32_t at = count_;
  const auto is_it = [&piece](const Piece& p) {
    return p.id == piece.id && p.first == piece.first && p.last == piece.last;
  };
  while (at != 0 && !is_it(pieces_[at - 1])) --at;
  CHECK(at != 0);
  pieces_[at - 1] = pieces_[--count_];
}

bool IntervalIndex::Page::may_overlap(Piece wanted) const {
  for (uint32_t at = wanted.first / kWordBits; at <= wanted.last / kWordBits; ++at) {
    if ((touched_[at] & bits_in_word(at, wanted.first, wanted.last)) != 0) return true;
  }
  return false;
}

void IntervalIndex::Page::append_overlaps(Piece wanted, Ids& ids) const {
  if (!may_overlap(wanted)) return;
  for (const Piece& p : pieces()) {
    // One branch that is nearly never taken, where each half would be a toss.
    const bool overlaps = (p.first <= wanted.last) & (wanted.first <= p.last);
    if (overlaps) ids.push_back(p.id);
  }
}

IntervalIndex::Page* IntervalIndex::Pages::find(uint64_t number) const {
  if (size_ == 0) return nullptr;
  for (size_t slot = home(number); slots_[slot] != nullptr; slot = next(slot)) {
    if (slots_[slot]->number() == number) return slots_[slot];
  }
  return nullptr;
}

IntervalIndex::Page& IntervalIndex::Pages::find_or_make(uint64_t number, PoolResource& memory) {
  if (Page* page = find(number)) return *page;
  if (2 * (count_ + 1) > size_) grow(memory);
  Page* const page = std::pmr::polymorphic_allocator<>(&memory).new_object<Page>(number, memory);
  insert(*page);
  ++count_;
  return *page;
}

void IntervalIndex::Pages::grow(PoolResource& memory) {
  constexpr size_t kFirstSlots = 4;
  std::pmr::polymorphic_allocator<Page*> allocator(&memory);
  const std::span<Page* const> old = slots();
  Page** const outgrown = slots_;
  size_ = std::max(kFirstSlots, 2 * old.size());
  slots_ = allocator.allocate(size_);
  std::fill_n(slots_, size_, nullptr);
  for (Page* page : old) {
    if (page != nullptr) insert(*page);
  }
  if (outgrown != nullptr) allocator.deallocate(outgrown, old.size());
}

void IntervalIndex::Pages::insert(Page& page) {
  size_t slot = home(page.number());
  while (slots_[slot] != nullptr) slot = next(slot);
  slots_[slot] = &page;
}

void IntervalIndex::Pages::erase(Page& page, PoolResource& memory) {
  size_t slot = home(page.number());
  while (slots_[slot] != &page) slot = next(slot);
  slots_[slot] = nullptr;
  --count_;
  // What stands behind it may have been pushed there by it.
  for (slot = next(slot); slots_[slot] != nullptr; slot = next(slot)) {
    Page& pushed = *std::exchange(slots_[slot], nullptr);
    insert(pushed);
  }
  page.clear(memory);
  std::pmr::polymorphic_allocator<>(&memory).delete_object(&page);
}

void IntervalIndex::Pages::clear(PoolResource& memory) {
  std::pmr::polymorphic_allocator<> allocator(&memory);
  for (Page* page : slots()) {
    if (page == nullptr) continue;
    page->clear(memory);
    allocator.delete_object(page);
  }
  if (slots_ != nullptr) allocator.deallocate_object(slots_, size_);
}

IntervalIndex::~IntervalIndex() {
  for (Stripe& stripe : stripes_) stripe.pages.clear(memory_);
}

IntervalIndex::Piece IntervalIndex::piece(uint64_t page, AppRange bytes, uint32_t id) {
  const uint64_t start = page * kPageSize;
  const uint64_t first = std::max(bytes.start.value, start) - start;
  const uint64_t last = std::min(bytes.end.value - 1, start + kPageSize - 1) - start;
  return {static_cast<uint16_t>(first), static_cast<uint16_t>(last), id};
}

void IntervalIndex::add(AppRange bytes, uint32_t id) { Adder(*this, id).add(bytes); }

void IntervalIndex::Adder::add(AppRange bytes) {
  if (bytes.empty()) return;
  for (uint64_t number = first_page(bytes); number <= last_page(bytes); ++number) {
    turn_to(number).add(piece(number, bytes, id_), index_.memory_);
  }
}

IntervalIndex::Page& IntervalIndex::Adder::turn_to(uint64_t number) {
  if (page_ != nullptr && page_->number() == number) return *page_;
  Stripe& stripe = index_.stripe_of(number);
  if (&stripe != stripe_) {
    if (stripe_ != nullptr) stripe_->lock.unlock();
    stripe.lock.lock();
    stripe_ = &stripe;
  }
  page_ = &stripe.pages.find_or_make(number, index_.memory_);
  return *page_;
}

IntervalIndex::Adder::~Adder() {
  if (stripe_ != nullptr) stripe_->lock.unlock();
}

void IntervalIndex::remove(AppRange bytes, uint32_t id) {
  if (bytes.empty()) return;
  for (uint64_t number = first_page(bytes); number <= last_page(bytes); ++number) {
    Stripe& stripe = stripe_of(number);
    Locked held(stripe.lock);
    Page* page = stripe.pages.find(number);
    CHECK(page != nullptr);
    page->remove(piece(number, bytes, id));
    if (page->empty()) stripe.pages.erase(*page, memory_);
  }
}

void IntervalIndex::collect(AppRange range, Ids& ids) const {
  if (range.empty()) return;
  const uint64_t first = first_page(range);
  const uint64_t last = last_page(range);
  if (last - first < kManyPages) {
    for (uint64_t number = first; number <= last; ++number) {
      const Stripe& stripe = stripe_of(number);
      Locked held(stripe.lock);
      const Page* page = stripe.pages.find(number);
      if (page != nullptr) page->append_overlaps(piece(number, range, 0), ids);
    }
  } else {
    for (const Stripe& stripe : stripes_) {
      Locked held(stripe.lock);
      stripe.pages.for_each([&](const Page& page) {
        if (page.number() < first || last < page.number()) return;
        page.append_overlaps(piece(page.number(), range, 0), ids);
      });
    }
  }
  if (ids.size() < 2) return;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

uint64_t IntervalIndex::bytes() const {
  uint64_t sum = sizeof(*this);
  for (const Stripe& stripe : stripes_) {
    Locked held(stripe.lock);
    sum += stripe.pages.bytes();
    stripe.pages.for_each([&sum](const Page& page) { sum += page.bytes(); });
  }
  return sum;
}

void IntervalIndex::Pages::save(StateWriter& out) const {
  out.put(slots_);
  out.put(size_);
  out.put(count_);
}

void IntervalIndex::Pages::resume(StateReader& in) {
  slots_ = in.get<Page**>();
  size_ = in.get<size_t>();
  count_ = in.get<size_t>();
}

void IntervalIndex::save(StateWriter& out) const {
  for (const Stripe& stripe : stripes_) {
    const Locked held(stripe.lock);
    stripe.pages.save(out);
  }
}

void IntervalIndex::resume(StateReader& in) {
  for (Stripe& stripe : stripes_) {
    const Locked held(stripe.lock);
    stripe.pages.resume(in);
  }
}

}  // namespace weft::cache
