// Where code, data and stack of the generated sequences lie: fixed addresses, so that every run and
// every engine sees the same values; and what sequences may do. Constant once parsed.
#pragma once

#include <cstdint>

namespace fuzz {

inline constexpr uint32_t kSlotSize = 2048;  ///< code of one sequence
inline constexpr uint32_t kSlotsInBatch = 4096;
inline constexpr uint32_t kHeaderSize = 4096;  ///< of a batch: the way out of its sequences
inline constexpr uint64_t kBatchSize = kHeaderSize + uint64_t{kSlotSize} * kSlotsInBatch;
inline constexpr uint32_t kBatchAreas = 32;  ///< a batch comes to lie where the 32nd before it lay
inline constexpr uint64_t kBatchStride = 0x900000;

/// A region of memory with an unmapped page on either side. Large enough that the farthest EVEX
/// displacement (128 * 64) from its middle stays inside.
inline constexpr uint32_t kRegionSize = 0x8000;

/// Moves an operand, and keeps it in its region. Not aligned: what needs alignment faults at times.
inline constexpr uint64_t kGsBase = 0x48;

struct Layout {
  uint64_t base = 0x10000000;
  bool gs = false;         ///< gs has the base below, and operands use it
  bool canonical = false;  ///< no branch to an address that no address can be
  uint64_t code(uint64_t batch) const { return base + batch % kBatchAreas * kBatchStride; }
  uint64_t data() const { return base + 0x20000000; }
  uint64_t stack() const { return base + 0x20100000; }
  /// Addresses fit in a sign-extended 32-bit displacement.
  bool low() const { return base < 0x40000000; }
};

}  // namespace fuzz
