// Which general registers an instruction touches, from the table of instructions. Precise for the
// integer opcodes that compilers emit; of others, every register that their bytes could name, or
// all of them.

#include "x86/context.h"
#include "x86/decode.h"
#include "x86/isa.h"

namespace weft::x86 {
namespace {

using Mask = uint16_t;

constexpr Mask kAll = 0xFFFF;
constexpr Mask bit(unsigned reg) { return static_cast<Mask>(1u << (reg & 15)); }
constexpr Mask kRcxBit = 1u << 1;

/// `reads` may hold too much; `overwrites` only what is replaced whole, whatever was there before.
struct Effects {
  Mask reads = kAll;
  Mask overwrites = 0;
  /// Touched in any way, beyond `reads` and `overwrites`: partial and conditional writes.
  Mask changes = 0;
};

/// Register numbers with the extension bits of REX, VEX, XOP or EVEX applied.
struct Operands {
  uint8_t reg = 0;
  uint8_t rm = 0;    ///< valid if !memory
  uint8_t vvvv = 0;  ///< VEX, XOP and EVEX only
  bool memory = false;
  bool wide = false;  ///< REX.W or its equivalent
  Mask address = 0;   ///< base and index of the memory operand
};

struct Extension {
  bool w = false, r = false, x = false, b = false;
  uint8_t vvvv = 0;
};

Extension extension_of(const uint8_t* bytes, const Insn& insn) {
  Extension e;
  const uint8_t* lead = bytes + insn.opcode_offset;
  switch (insn.map) {
    case Map::kVex0F:
    case Map::kVex0F38:
    case Map::kVex0F3A:
    case Map::kXop:
    case Map::kEvex: {
      e.r = (lead[1] & 0x80) == 0;
      const bool two_byte = lead[0] == 0xC5;
      const uint8_t last = two_byte ? lead[1] : lead[2];
      e.vvvv = static_cast<uint8_t>(~(last >> 3) & 15);
      if (!two_byte) {
        e.x = (lead[1] & 0x40) == 0;
        e.b = (lead[1] & 0x20) == 0;
        e.w = (last & 0x80) != 0;
      }
      break;
    }
    default:
      e.w = (insn.rex & 8) != 0;
      e.r = (insn.rex & 4) != 0;
      e.x = (insn.rex & 2) != 0;
      e.b = (insn.rex & 1) != 0;
      break;
  }
  return e;
}

uint8_t extended(unsigned low, bool high) {
  return static_cast<uint8_t>((low & 7) | (high ? 8 : 0));
}

Mask address_registers(const uint8_t* bytes, const Insn& insn, const Extension& e) {
  const uint8_t mod = insn.modrm >> 6;
  const uint8_t rm = insn.modrm & 7;
  if (rm != 4) return mod == 0 && rm == 5 ? 0 : bit(extended(rm, e.b));
  const uint8_t sib = bytes[insn.modrm_offset + 1];
  Mask mask = 0;
  if (!(mod == 0 && (sib & 7) == 5)) mask |= bit(extended(sib, e.b));
  const uint8_t index = extended(sib >> 3, e.x);
  if (index != kRsp) mask |= bit(index);
  return mask;
}

Operands operands_of(const uint8_t* bytes, const Insn& insn, isa::Form form) {
  Operands o;
  const Extension e = extension_of(bytes, insn);
  o.wide = e.w;
  o.vvvv = e.vvvv;
  if (!insn.has_modrm) {
    o.rm = extended(insn.opcode, e.b);  // of the opcodes that hold a register number themselves
    return o;
  }
  o.reg = extended(insn.modrm >> 3, e.r);
  o.memory = insn.modrm < 0xC0 && form.operand != isa::Operand::kRegisters;
  if (o.memory) {
    o.address = address_registers(bytes, insn, e);
  } else {
    o.rm = extended(insn.modrm, e.b);
  }
  return o;
}

/// The register that a byte operand of this number belongs to: ah..bh are 4..7 without REX.
Mask byte_register(const Insn& insn, uint8_t number) {
  return insn.rex == 0 && number >= 4 && number < 8 ? bit(number - 4u) : bit(number);
}

/// The registers that an instruction's row of the table names.
class Reader {
 public:
  Reader(const uint8_t* bytes, const Insn& insn)
      : insn_(insn), row_(isa::find_row(insn)), o_(operands_of(bytes, insn, row_.form)) {}

  Effects effects() const {
    const isa::Registers& registers = row_.registers;
    const Mask reads = of(registers.reads) | o_.address;
    const Mask writes = of(registers.writes);
    return is_partial(registers.width) ? Effects{reads, 0, writes} : Effects{reads, writes, 0};
  }

 private:
  bool is_partial(isa::Width width) const {
    if (width == isa::Width::kOperand) return insn_.operand_size_prefix && !o_.wide;
    return width == isa::Width::kPart;
  }

  Mask of(isa::Set set) const {
    Mask mask = set & isa::kGeneral;
    if ((set & ~isa::kGeneral) == 0) return mask;
    if ((set & isa::kReg) != 0) mask |= bit(o_.reg);
    if ((set & isa::kRegByte) != 0) mask |= byte_register(insn_, o_.reg);
    if ((set & isa::kRm) != 0 && !o_.memory) mask |= bit(o_.rm);
    if ((set & isa::kRmByte) != 0 && !o_.memory) mask |= byte_register(insn_, o_.rm);
    if ((set & isa::kVvvv) != 0) mask |= bit(o_.vvvv);
    if ((set & isa::kCount) != 0 && (insn_.rep || insn_.repne)) mask |= kRcxBit;
    return mask;
  }

  const Insn& insn_;
  const isa::Row& row_;
  Operands o_;
};

}  // namespace

RcxUse rcx_use(const uint8_t* bytes, const Insn& insn) {
  if (insn.kind == Kind::kInvalid || insn.kind == Kind::kSyscall) return {};
  const Effects effects = Reader(bytes, insn).effects();
  return {(effects.reads & kRcxBit) != 0, (effects.overwrites & kRcxBit) != 0};
}

RegisterUse register_use(const uint8_t* bytes, const Insn& insn) {
  if (insn.kind != Kind::kPlain) return {};
  const Effects effects = Reader(bytes, insn).effects();
  // A partial write keeps the rest: the old value matters.
  return {static_cast<uint16_t>(effects.reads | effects.changes), effects.overwrites};
}

uint16_t registers_used(const uint8_t* bytes, const Insn& insn) {
  if (insn.kind == Kind::kInvalid) return kAll;
  const Effects effects = Reader(bytes, insn).effects();
  return static_cast<uint16_t>(effects.reads | effects.overwrites | effects.changes);
}

}  // namespace weft::x86
