// The table of instructions: what follows an opcode, the kind of instruction it is, the general
// registers that it reads and writes, and what it does to the flags. Each fact stands once, in a
// row of isa_one_byte.h, isa_0f.h or isa_vector.h. The decoder, the register reader and the flag
// reader read it. Constants and pure functions; any thread, signal-safe.
#pragma once

#include <array>
#include <cstdint>

#include "x86/decode.h"

namespace weft::x86::isa {

/// The size of the immediate (or branch displacement) at the end of the instruction.
enum class Imm : uint8_t {
  kNone,
  k8,
  k16,
  k32,       ///< near branches: 4 bytes whatever the operand size (see decode.cc)
  kOperand,  ///< 4 bytes, or 2 if the operand size is 16
  kFull,     ///< as kOperand, but 8 if the operand size is 64
  kEnter,    ///< 2 + 1 bytes
  kMoffs,    ///< an absolute address of 8 bytes, or 4 with an address-size prefix
};

/// The bytes behind an opcode.
enum class Operand : uint8_t {
  kNone,
  kModrm,
  kRegisters,  ///< modrm names registers, whatever its mod field says
  kMemory,     ///< modrm names memory; with a register, the instruction is undefined
};
struct Form {
  Operand operand = Operand::kNone;
  Imm imm = Imm::kNone;

  constexpr bool has_modrm() const { return operand != Operand::kNone; }
  friend constexpr bool operator==(const Form&, const Form&) = default;
};

/// What the decoder has to know of an opcode.
struct Opcode {
  Kind kind = Kind::kPlain;
  Form form;
  bool refined = false;  ///< prefixes or the modrm byte decide more: find_row()
};
static_assert(sizeof(Opcode) == 4, "it is returned in a register");

/// General registers (bits 0 to 15) and operands that name one.
using Set = uint32_t;
inline constexpr Set kAx = 1u << 0, kCx = 1u << 1, kDx = 1u << 2, kBx = 1u << 3, kSp = 1u << 4;
inline constexpr Set kBp = 1u << 5, kSi = 1u << 6, kDi = 1u << 7;
inline constexpr Set kGeneral = 0xFFFF;
inline constexpr Set kReg = 1u << 16;
inline constexpr Set kRm = 1u << 17;  ///< if it is no memory; without modrm: the opcode's low bits
inline constexpr Set kRegByte = 1u << 18, kRmByte = 1u << 19;  ///< the same as bytes: ah to bh, too
inline constexpr Set kVvvv = 1u << 20;
inline constexpr Set kCount = 1u << 21;  ///< rcx, if the instruction is repeated

/// How much of a register a write replaces. 32-bit writes zero the rest.
enum class Width : uint8_t { kWhole, kOperand, kPart };  ///< kOperand: a part if it has 16 bits

/// The registers of a memory operand's address are read besides.
struct Registers {
  Set reads = kGeneral;
  Set writes = 0;
  Width width = Width::kPart;
};

/// What happens to the arithmetic flags.
enum class Flags : uint8_t {
  kElsewhere,  ///< not told here: Zydis knows
  kUntouched,
  kReplaced,           ///< all six, and none is read
  kReplacedWithCarry,  ///< all six; the carry is read
  kReplacedButCarry,
  kCondition,  ///< those that the condition in the opcode names are read
};

/// What rows of one opcode are told apart by: the modrm byte, and bits.
using Facts = uint16_t;
inline constexpr Facts kDigit = 0x38;  ///< modrm's reg field
inline constexpr Facts kModrmByte = 0xFF;
inline constexpr Facts kMemory = 1u << 8;
inline constexpr Facts kRep = 1u << 9, kRepne = 1u << 10, kOperandSize = 1u << 11;
inline constexpr Facts kNarrow = 1u << 12;  ///< the operands have 16 bits
inline constexpr Facts kRexB = 1u << 13;
inline constexpr Facts kSameRegister = 1u << 14;  ///< reg and rm are one register

/// A row is for instructions whose facts under `mask` are `value`.
struct When {
  Facts mask = 0;
  Facts value = 0;

  constexpr bool holds(Facts facts) const { return (facts & mask) == value; }
  constexpr bool always() const { return mask == 0; }
  friend constexpr When operator&(When a, When b) {
    return {static_cast<Facts>(a.mask | b.mask), static_cast<Facts>(a.value | b.value)};
  }
};

/// Opcodes `first` to `last`, each `step`th (a power of two).
struct Opcodes {
  uint8_t first;
  uint8_t last;
  uint8_t step;

  constexpr Opcodes(uint8_t only) : Opcodes(only, only) {}  // NOLINT(google-explicit-constructor)
  constexpr Opcodes(uint8_t from, uint8_t to, uint8_t by = 1) : first(from), last(to), step(by) {}
  constexpr bool contain(uint8_t opcode) const {
    return opcode >= first && opcode <= last && ((opcode - first) & (step - 1)) == 0;
  }
};

struct Row {
  Opcodes opcodes;
  Form form;
  Registers registers;
  Flags flags = Flags::kElsewhere;
  When when = {};
  Kind kind = Kind::kPlain;
};

using OpcodeTable = std::array<Opcode, 256>;
extern const OpcodeTable kOneByteOpcodes;
extern const OpcodeTable k0FOpcodes;
extern const OpcodeTable kVex0FOpcodes;

/// Of every opcode in the maps that have one form only.
inline constexpr Opcode kModrmOpcode = {Kind::kPlain, {Operand::kModrm, Imm::kNone}};
inline constexpr Opcode kModrmImm8Opcode = {Kind::kPlain, {Operand::kModrm, Imm::k8}};

/// The first row of `insn`'s map and opcode that holds; one of Kind::kInvalid if none does. `insn`
/// is decoded to its modrm byte.
SIGNAL_SAFE const Row& find_row(const Insn& insn);

}  // namespace weft::x86::isa
