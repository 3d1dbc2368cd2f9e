// The parts of an instruction's encoding that writers and readers of it have in common. Pure
// functions, any thread. For src/x86 alone: other layers have names (x86/names.h, x86/assembler.h).
#pragma once

#include <cstdint>

#include "x86/decode.h"

namespace weft::x86 {

inline constexpr uint8_t kFsPrefix = 0x64;
inline constexpr uint8_t kGsPrefix = 0x65;
inline constexpr uint8_t kAddressSizePrefix = 0x67;
/// A REX byte with the bit for operands of 64 bits.
inline constexpr uint8_t kRexW = 0x48;
/// The bits that extend a memory operand's base and index, as REX has them.
inline constexpr uint8_t kBaseBit = 1;
inline constexpr uint8_t kIndexBit = 2;

/// A modrm byte, or a SIB byte: scale, index, base.
constexpr uint8_t modrm(unsigned mod, unsigned reg, unsigned rm) {
  return static_cast<uint8_t>(mod << 6 | (reg & 7) << 3 | (rm & 7));
}

/// kBaseBit and kIndexBit of an instruction: from REX, or inverted from the second byte of VEX and
/// its kin.
inline uint8_t extension_bits(const uint8_t* bytes, const Insn& insn) {
  constexpr uint8_t kShortVex = 0xC5;
  if (insn.map < Map::kVex0F || insn.map == Map::k3dNow) return insn.rex & (kBaseBit | kIndexBit);
  const uint8_t* lead = bytes + insn.opcode_offset;
  if (*lead == kShortVex) return 0;
  return static_cast<uint8_t>(~(lead[1] >> 5) & (kBaseBit | kIndexBit));
}

}  // namespace weft::x86
