// What an instruction does to the flags, from the table of instructions where that says it, else
// from Zydis.
#include <array>

#include "x86/instruction_info.h"
#include "x86/isa.h"

namespace weft::x86 {
namespace {

constexpr uint32_t kCarry = 0x001, kParity = 0x004, kZero = 0x040, kSign = 0x080;
constexpr uint32_t kOverflow = 0x800;
constexpr uint32_t kAllButCarry = kArithmeticFlags & ~kCarry;

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

}  // namespace

FlagUse flag_use(const uint8_t* bytes, const Insn& insn) {
  using isa::Flags;
  // The row of an invalid instruction may be that of a valid one, which LOCK made invalid.
  const bool valid = insn.kind != Kind::kInvalid;
  switch (valid ? isa::find_row(insn).flags : Flags::kElsewhere) {
    case Flags::kUntouched:
      return {};
    case Flags::kReplaced:
      return {0, kArithmeticFlags, kArithmeticFlags};
    case Flags::kReplacedWithCarry:
      return {kCarry, kArithmeticFlags, kArithmeticFlags};
    case Flags::kReplacedButCarry:
      return {0, kAllButCarry, kAllButCarry};
    case Flags::kCondition:
      return of_condition(insn.condition());
    case Flags::kElsewhere:
      break;
  }
  return flag_use(bytes, insn.code_length());
}

}  // namespace weft::x86
