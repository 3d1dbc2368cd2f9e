#include "cache/record_pool.h"

#include <new>
#include <utility>

#include "base/check.h"

namespace weft::cache {
namespace {

/// In front of what a container has.
struct alignas(16) Header {
  uint8_t stripe;
};

}  // namespace

RecordPool::Record RecordPool::take(size_t bytes) {
  const uint32_t mine = stripe_of_caller();
  const auto stripe_number = static_cast<uint8_t>(mine);
  if (!kPooled) return {::operator new(bytes), stripe_number};
  if (bytes > kLargest) return {take_large(bytes), stripe_number};
  const size_t units = (bytes + kUnit - 1) / kUnit;
  Stripe& stripe = stripes_[mine];
  Locked held(stripe.lock);
  if (Free* const free = stripe.free[units]) {
    stripe.free[units] = free->next;
    return {free, stripe_number};
  }
  if (stripe.end - stripe.next < units * kUnit) {
    stripe.next = reinterpret_cast<uint64_t>(memory_.take(kPiece));
    stripe.end = stripe.next + kPiece;
  }
  auto* const memory = reinterpret_cast<void*>(stripe.next);
  stripe.next += units * kUnit;
  return {memory, stripe_number};
}

void RecordPool::give(Record record, size_t bytes) {
  if (!kPooled) {
    ::operator delete(record.memory);
    return;
  }
  auto* const free = static_cast<Free*>(record.memory);
  if (bytes > kLargest) {
    Locked held(large_lock_);
    free->next = std::exchange(large_[log2_of(bytes)], free);
    return;
  }
  // To the stripe it came from, or a thread that only frees would pile up what others need.
  Stripe& stripe = stripes_[record.stripe];
  Locked held(stripe.lock);
  free->next = std::exchange(stripe.free[(bytes + kUnit - 1) / kUnit], free);
}

void* RecordPool::take_large(size_t bytes) {
  const size_t log2 = log2_of(bytes);
  {
    Locked held(large_lock_);
    if (Free* const free = large_[log2]) {
      large_[log2] = free->next;
      return free;
    }
  }
  return memory_.take(size_t{1} << log2);
}

void RecordPool::save(StateWriter& out) const {
  for (const Stripe& stripe : stripes_) {
    const Locked held(stripe.lock);
    out.put(stripe.next);
    out.put(stripe.end);
    out.put(stripe.free);
  }
  const Locked held(large_lock_);
  out.put(large_);
}

void RecordPool::resume(StateReader& in) {
  for (Stripe& stripe : stripes_) {
    const Locked held(stripe.lock);
    stripe.next = in.get<uint64_t>();
    stripe.end = in.get<uint64_t>();
    stripe.free = in.get<decltype(stripe.free)>();
  }
  const Locked held(large_lock_);
  large_ = in.get<decltype(large_)>();
}

void* PoolResource::do_allocate(size_t bytes, size_t alignment) {
  CHECK(alignment <= alignof(Header));
  const RecordPool::Record record = pool_.take(sizeof(Header) + bytes);
  return new (record.memory) Header{record.stripe} + 1;
}

void PoolResource::do_deallocate(void* memory, size_t bytes, size_t /*alignment*/) {
  Header* const header = static_cast<Header*>(memory) - 1;
  pool_.give({header, header->stripe}, sizeof(Header) + bytes);
}

}  // namespace weft::cache
