// Spreads threads over the stripes of a structure, so that those that work at once seldom meet.
// Stateless; any thread; signal-safe.
#pragma once

#include <cstdint>

#include "base/address.h"

namespace weft::cache {

inline constexpr uint32_t kStripes = 16;
inline constexpr uint64_t kCacheLine = 64;

/// Multiplicative hash: the upper bits are the good ones.
constexpr uint64_t mix(uint64_t value) { return value * 0x9E3779B97F4A7C15u; }

/// The same for all addresses of one cache line of program code.
constexpr uint64_t mix_line(AppPc pc) { return mix(pc.value / kCacheLine); }

/// A number below kStripes, the same for a thread nearly always: threads are told apart by where
/// their stacks lie. Two threads with one stripe are slower, never wrong.
inline uint32_t stripe_of_caller() {
  const auto frame = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  return static_cast<uint32_t>(mix(frame >> 17) >> 60);
}

}  // namespace weft::cache
