// A small deterministic generator: the same seed gives the same numbers on every machine.
// A value; one a sequence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fuzz {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    // SplitMix64: every seed starts a good stream, so (seed, index) pairs can simply be mixed.
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  /// Uniform in [0, bound).
  unsigned below(unsigned bound) { return static_cast<unsigned>((next() >> 32) * bound >> 32); }
  bool one_in(unsigned n) { return below(n) == 0; }
  bool percent(unsigned p) { return below(100) < p; }
  uint8_t byte() { return static_cast<uint8_t>(next() >> 56); }
  uint32_t word() { return static_cast<uint32_t>(next() >> 32); }
  template <typename T>
  const T& pick(std::span<const T> choices) {
    return choices[below(static_cast<unsigned>(choices.size()))];
  }

 private:
  uint64_t state_;
};

}  // namespace fuzz
