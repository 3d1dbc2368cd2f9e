// A memory operand in parts. Plain data.
#pragma once

#include <cstdint>

namespace weft::x86 {

inline constexpr uint8_t kNoRegister = 0xFF;

/// A memory operand whose address general registers alone make:
/// segment base + base + index * scale + displacement.
struct MemoryOperand {
  uint8_t base = kNoRegister;
  uint8_t index = kNoRegister;
  uint8_t scale = 0;
  bool fs = false;
  bool gs = false;
  bool narrow = false;       ///< added in 32 bits
  int64_t displacement = 0;  ///< absolute if the operand is relative to rip
};

}  // namespace weft::x86
