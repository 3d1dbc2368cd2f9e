// A memory operand in parts. Plain data.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace weft::x86 {

inline constexpr uint8_t kNoRegister = 0xFF;

/// A memory operand whose address general registers alone make:
/// segment base + base + index * scale + displacement + what `moved_by` adds.
struct MemoryOperand {
  uint8_t base = kNoRegister;
  uint8_t index = kNoRegister;
  uint8_t scale = 0;
  bool fs = false;
  bool gs = false;
  bool narrow = false;       ///< added in 32 bits
  int64_t displacement = 0;  ///< absolute if the operand is relative to rip
  /// A register that moves the address, too, before it is cut to 32 bits if `narrow`; by
  /// `moved_unit`. 1: by its lowest byte, without sign. 2, 4, 8: so many of its bytes are the
  /// signed number of a bit, and the address is that of the unit of so many bytes that has the bit.
  uint8_t moved_by = kNoRegister;
  uint8_t moved_unit = 0;

  bool is_moved() const { return moved_by != kNoRegister; }
  /// By how much, if that register holds `value`.
  uint64_t move(uint64_t value) const {
    constexpr unsigned kBits = 64;
    constexpr unsigned kBitsOfNumber = 3;
    if (moved_unit == 1) return value & 0xFF;
    const unsigned unused = kBits - 8u * moved_unit;
    const auto bit = static_cast<int64_t>(value << unused) >> unused;
    return static_cast<uint64_t>(bit >> kBitsOfNumber) & (0 - uint64_t{moved_unit});
  }
  /// The general registers that it names, bit r for register r.
  uint16_t registers() const {
    uint16_t mask = 0;
    for (const uint8_t reg : {base, index, moved_by}) {
      if (reg != kNoRegister) mask = static_cast<uint16_t>(mask | 1u << reg);
    }
    return mask;
  }
};

}  // namespace weft::x86
