#include "cache/record_pool.h"

#include <mutex>
#include <new>

#include "base/check.h"

namespace weft::cache {
namespace {

// So that a sanitizer sees what is used after it was given back.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif

/// In front of what a container has.
struct alignas(16) Header {
  uint8_t stripe;
};

}  // namespace

RecordPool::Record RecordPool::take(size_t bytes) {
  const uint32_t mine = stripe_of_caller();
  const auto stripe_number = static_cast<uint8_t>(mine);
  if (!kPooled || bytes > kLargest) {
    return {::operator new(bytes), stripe_number};
  }
  const size_t units = (bytes + kUnit - 1) / kUnit;
  Stripe& stripe = stripes_[mine];
  std::lock_guard held(stripe.lock);
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
  if (!kPooled || bytes > kLargest) {
    ::operator delete(record.memory);
    return;
  }
  // To the stripe it came from, or a thread that only frees would pile up what others need.
  Stripe& stripe = stripes_[record.stripe];
  std::lock_guard held(stripe.lock);
  Free*& first = stripe.free[(bytes + kUnit - 1) / kUnit];
  auto* const free = static_cast<Free*>(record.memory);
  free->next = first;
  first = free;
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
