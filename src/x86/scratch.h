// The one choice of a register that code of ours uses for a moment. Pure functions, any thread.
#pragma once

#include <bit>
#include <cstdint>

#include "base/check.h"
#include "x86/context.h"

namespace weft::x86 {

/// Sets of general registers: bit r for register r.
constexpr uint16_t register_bit(unsigned reg) { return static_cast<uint16_t>(1u << reg); }

/// Those that are named without a REX bit and need no special form as a base.
inline constexpr auto kShortRegisters =
    static_cast<uint16_t>(register_bit(kRax) | register_bit(kRcx) | register_bit(kRdx) |
                          register_bit(kRbx) | register_bit(kRsi) | register_bit(kRdi));

/// The first register of `allowed` that is also `preferred`, else the first of `allowed`. There is
/// one.
inline Reg choose_register(uint16_t allowed, uint16_t preferred) {
  const auto best = static_cast<uint16_t>(allowed & preferred);
  const uint16_t from = best != 0 ? best : allowed;
  CHECK(from != 0);
  return static_cast<Reg>(std::countr_zero(from));
}

/// A short register that an instruction does not use, of which it uses `used`; one with a memory
/// operand leaves one. rcx comes last: indirect branches need it.
inline Reg choose_short_register(uint16_t used) {
  return choose_register(static_cast<uint16_t>(kShortRegisters & ~used),
                         static_cast<uint16_t>(~register_bit(kRcx)));
}

}  // namespace weft::x86
