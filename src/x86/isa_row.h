// The words that rows of the table of instructions are written in. Constants only. Included by the
// rows' files alone.
#pragma once

#include "x86/isa.h"

namespace weft::x86::isa {

inline constexpr Form kBare = {};
inline constexpr Form kImm8 = {Operand::kNone, Imm::k8};
inline constexpr Form kImm16 = {Operand::kNone, Imm::k16};
inline constexpr Form kImm32 = {Operand::kNone, Imm::k32};
inline constexpr Form kImm = {Operand::kNone, Imm::kOperand};
inline constexpr Form kImmFull = {Operand::kNone, Imm::kFull};
inline constexpr Form kImmEnter = {Operand::kNone, Imm::kEnter};
inline constexpr Form kMoffs = {Operand::kNone, Imm::kMoffs};
inline constexpr Form kModrm = {Operand::kModrm, Imm::kNone};
inline constexpr Form kModrmImm8 = {Operand::kModrm, Imm::k8};
inline constexpr Form kModrmImm16 = {Operand::kModrm, Imm::k16};
inline constexpr Form kModrmImm = {Operand::kModrm, Imm::kOperand};
inline constexpr Form kModrmMemory = {Operand::kMemory, Imm::kNone};
inline constexpr Form kModrmRegisters = {Operand::kRegisters, Imm::kNone};

/// Instructions not told apart: any register may be read and written.
inline constexpr Registers kAnything = {};
/// General registers in the memory operand alone.
inline constexpr Registers kNone = {0, 0, Width::kWhole};
/// All that modrm can name, in any way.
inline constexpr Registers kNamed = {kReg | kRm, 0, Width::kWhole};

/// Read, or read and changed.
constexpr Registers reads(Set set) { return {set, 0, Width::kWhole}; }
/// Written with the operand's size, and what is read for that.
constexpr Registers sets(Set to, Set from = 0) { return {from, to, Width::kOperand}; }
constexpr Registers sets_whole(Set to, Set from = 0) { return {from, to, Width::kWhole}; }
constexpr Registers sets_part(Set to, Set from = 0) { return {from, to, Width::kPart}; }

inline constexpr When kAlways = {};
inline constexpr When kIsMemory = {kMemory, kMemory};
inline constexpr When kIsRegister = {kMemory, 0};
inline constexpr When kHasRep = {kRep, kRep};
inline constexpr When kHasRepne = {kRepne, kRepne};
inline constexpr When kHasOperandSize = {kOperandSize, kOperandSize};
inline constexpr When kLowRegister = {kRexB, 0};
/// Both operands are one register of 32 or 64 bits.
inline constexpr When kIsZeroing = {kSameRegister | kNarrow, kSameRegister};

/// modrm's reg field, of which the bits in `mask` count.
constexpr When digit(unsigned value, unsigned mask = 7) {
  return {static_cast<Facts>(mask << 3), static_cast<Facts>(value << 3)};
}
constexpr When modrm(uint8_t byte) { return {kModrmByte, byte}; }

}  // namespace weft::x86::isa
