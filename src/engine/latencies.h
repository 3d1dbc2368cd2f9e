// How long something took, many times: counts in buckets, each an eighth of a power of two wide.
// One thread.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace weft::engine {

class Latencies {
 public:
  void add(uint64_t ns) {
    ++counts_[bucket(ns)];
    ++total_;
    if (ns > max_) max_ = ns;
  }
  uint64_t max() const { return max_; }
  /// The least upper bound, as fine as the buckets are, of that share of all.
  uint64_t quantile(double share) const {
    const auto wanted = static_cast<uint64_t>(share * static_cast<double>(total_));
    uint64_t seen = 0;
    for (uint32_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted) return end(i) < max_ ? end(i) : max_;
    }
    return max_;
  }

 private:
  static constexpr uint32_t kParts = 8;

  static uint32_t bucket(uint64_t ns) {
    if (ns < kParts) return static_cast<uint32_t>(ns);
    const auto exponent = static_cast<uint32_t>(std::bit_width(ns)) - 4;  // of an eighth
    return exponent * kParts + static_cast<uint32_t>(ns >> exponent);
  }
  static uint64_t end(uint32_t bucket) {
    if (bucket < 2 * kParts) return bucket;
    const uint32_t exponent = bucket / kParts - 1;
    return (uint64_t{bucket % kParts + kParts + 1} << exponent) - 1;
  }

  std::array<uint64_t, 64 * kParts> counts_{};
  uint64_t total_ = 0;
  uint64_t max_ = 0;
};

}  // namespace weft::engine
