// The flags of the integer opcodes that compilers emit, from tables; Zydis knows the rest.
#include <array>
#include <optional>

#include "x86/instruction_info.h"

namespace weft::x86 {
namespace {

constexpr uint32_t kCarry = 0x001, kParity = 0x004, kZero = 0x040, kSign = 0x080;
constexpr uint32_t kOverflow = 0x800;

constexpr FlagUse kNothing{};
constexpr FlagUse kReplaces{0, kArithmeticFlags, kArithmeticFlags};
constexpr FlagUse kReplacesWithCarry{kCarry, kArithmeticFlags, kArithmeticFlags};
constexpr FlagUse kReplacesAllButCarry{0, kArithmeticFlags & ~kCarry, kArithmeticFlags & ~kCarry};

FlagUse of_condition(uint8_t condition) {
  static constexpr std::array<uint32_t, 8> kRead = {kOverflow,
                                                    kCarry,
                                                    kZero,
                                                    kCarry | kZero,
                                                    kSign,
                                                    kParity,
                                                    kSign | kOverflow,
                                                    kSign | kOverflow | kZero};
  return {kRead[condition >> 1 & 7], 0, 0};
}

/// Of add, or, adc, sbb, and, sub, xor, cmp, by number.
FlagUse of_arithmetic(unsigned number) {
  return number == 2 || number == 3 ? kReplacesWithCarry : kReplaces;
}

std::optional<FlagUse> of_one_byte(const Insn& insn) {
  const uint8_t opcode = insn.opcode;
  const unsigned digit = insn.modrm >> 3 & 7u;
  if (opcode < 0x40 && (opcode & 7) < 6) return of_arithmetic(opcode >> 3);
  if (opcode >= 0x50 && opcode < 0x60) return kNothing;  // push, pop
  if (insn.kind == Kind::kCondJump) return of_condition(insn.condition());
  if (opcode >= 0xB0 && opcode < 0xC0) return kNothing;  // mov
  switch (opcode) {
    case 0x80:
    case 0x81:
    case 0x83:
      return of_arithmetic(digit);
    case 0x84:  // test
    case 0x85:
    case 0xA8:
    case 0xA9:
      return kReplaces;
    case 0x63:  // movsxd
    case 0x68:  // push
    case 0x6A:
    case 0x88:  // mov
    case 0x89:
    case 0x8A:
    case 0x8B:
    case 0x8D:  // lea
    case 0x98:  // cdqe, cqo
    case 0x99:
    case 0xC2:  // ret
    case 0xC3:
    case 0xE8:  // call
    case 0xE9:  // jmp
    case 0xEB:
      return kNothing;
    case 0xC6:  // mov
    case 0xC7:
      if (digit == 0) return kNothing;
      return std::nullopt;
    case 0xF6:  // test
    case 0xF7:
      if (digit == 0) return kReplaces;
      return std::nullopt;
    case 0xFE:  // inc, dec
      if (digit < 2) return kReplacesAllButCarry;
      return std::nullopt;
    case 0xFF:
      if (digit < 2) return kReplacesAllButCarry;
      if (digit == 2 || digit == 4 || digit == 6) return kNothing;  // call, jmp, push
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<FlagUse> of_0f(const Insn& insn) {
  const uint8_t opcode = insn.opcode;
  switch (opcode >> 4) {
    case 0x4:  // cmov
    case 0x8:  // jcc
    case 0x9:  // setcc
      return of_condition(insn.condition());
    default:
      break;
  }
  switch (opcode) {
    case 0x10:  // moves of vector registers
    case 0x11:
    case 0x28:
    case 0x29:
    case 0x57:  // xorps
    case 0x6E:
    case 0x6F:
    case 0x7E:
    case 0x7F:
    case 0xB6:  // movzx, movsx
    case 0xB7:
    case 0xBE:
    case 0xBF:
    case 0xD6:
    case 0xEF:  // pxor
      return kNothing;
    default:
      return std::nullopt;
  }
}

}  // namespace

FlagUse flag_use(const uint8_t* bytes, const Insn& insn) {
  std::optional<FlagUse> known;
  if (insn.kind != Kind::kInvalid && insn.map == Map::kOneByte) known = of_one_byte(insn);
  if (insn.kind != Kind::kInvalid && insn.map == Map::k0F) known = of_0f(insn);
  return known ? *known : flag_use(bytes, insn.code_length());
}

}  // namespace weft::x86
