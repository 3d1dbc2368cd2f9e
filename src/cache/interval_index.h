// Which fragments contain which bytes of the program, to the byte. Knows fragments by id only.
// Any thread; striped short locks.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/spin_lock.h"
#include "cache/stripe.h"

namespace weft::cache {

class IntervalIndex {
 public:
  void add(AppRange bytes, uint32_t id);
  /// Takes out what add() with the same arguments put in, once.
  void remove(AppRange bytes, uint32_t id);
  /// Appends the ids of all that overlap `range`, in order and each once.
  void collect(AppRange range, std::vector<uint32_t>& ids) const;

  uint64_t bytes() const;

 private:
  static constexpr uint32_t kLocks = 256;
  /// A range of more pages than this is looked up by walking the whole index.
  static constexpr uint64_t kManyPages = 4096;

  /// The part of an interval that lies in one page: offsets of its first and last byte.
  struct Piece {
    uint16_t first;
    uint16_t last;
    uint32_t id;
  };
  using Pieces = std::vector<Piece>;
  struct alignas(kCacheLine) Stripe {
    mutable SpinLock lock;
    std::unordered_map<uint64_t, Pieces> pages;
  };

  static Piece piece(uint64_t page, AppRange bytes, uint32_t id);
  static void append_overlaps(uint64_t page, const Pieces& pieces, AppRange range,
                              std::vector<uint32_t>& ids);
  Stripe& stripe_of(uint64_t page) { return stripes_[mix(page) >> 56]; }
  const Stripe& stripe_of(uint64_t page) const { return stripes_[mix(page) >> 56]; }

  std::array<Stripe, kLocks> stripes_;
};

}  // namespace weft::cache
