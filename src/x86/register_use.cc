// Which general registers an instruction touches. Precise for the integer opcodes that compilers
// emit; everything else falls back to "every register its bytes could name", or to all of them.

#include "x86/context.h"
#include "x86/decode.h"

namespace weft::x86 {
namespace {

using Mask = uint16_t;

constexpr Mask kAll = 0xFFFF;
constexpr Mask bit(unsigned reg) { return static_cast<Mask>(1u << (reg & 15)); }
constexpr Mask kRcxBit = 1u << 1;
constexpr Mask kRaxBit = 1u << 0, kRdxBit = 1u << 2, kRbxBit = 1u << 3, kRspBit = 1u << 4;
constexpr Mask kRbpBit = 1u << 5, kRsiBit = 1u << 6, kRdiBit = 1u << 7;

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

Operands operands_of(const uint8_t* bytes, const Insn& insn) {
  Operands o;
  const Extension e = extension_of(bytes, insn);
  o.wide = e.w;
  o.vvvv = e.vvvv;
  if (!insn.has_modrm) {
    o.rm = extended(insn.opcode, e.b);  // of the opcodes that hold a register number themselves
    return o;
  }
  o.reg = extended(insn.modrm >> 3, e.r);
  // Moves to and from control and debug registers have no memory form, whatever mod says.
  const bool control = insn.map == Map::k0F && (insn.opcode & 0xFC) == 0x20;
  o.memory = insn.modrm < 0xC0 && !control;
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

/// The facts that the classes below share.
class Analysis {
 public:
  Analysis(const uint8_t* bytes, const Insn& insn)
      : insn_(insn), o_(operands_of(bytes, insn)), narrow_(insn.operand_size_prefix && !o_.wide) {}

  Effects effects() const {
    switch (insn_.map) {
      case Map::kOneByte:
        return one_byte();
      case Map::k0F:
        return map_0f();
      case Map::k0F38:
        return map_0f38();
      case Map::k0F3A:
        return map_0f3a();
      case Map::kVex0F:
        // F7 is vmaskmovdqu, which stores through rdi.
        return is_vector_0f() ? vector() : named(insn_.opcode == 0xF7 ? kRdiBit : 0);
      case Map::kVex0F38:
        return vex_0f38();
      case Map::kVex0F3A:
        return vex_0f3a();
      case Map::kEvex:
        return named();
      case Map::kXop:
        return named();
      case Map::k3dNow:
        return vector();
    }
    return {};
  }

 private:
  Effects one_byte() const;
  Effects one_byte_without_modrm() const;
  Effects string_operation() const;
  Effects group_f6() const;
  Effects group_ff() const;
  Effects map_0f() const;
  Effects map_0f_without_modrm() const;
  Effects group_0fc7() const;
  Effects map_0f38() const;
  Effects map_0f3a() const;
  Effects vex_0f38() const;
  Effects vex_0f3a() const;
  bool is_vector_0f() const;

  // Masks of the modrm operands, as full or as byte registers; 0 for rm where it is memory.
  Mask reg(bool byte = false) const { return byte ? byte_register(insn_, o_.reg) : bit(o_.reg); }
  Mask rm(bool byte = false) const {
    if (o_.memory) return 0;
    return byte ? byte_register(insn_, o_.rm) : bit(o_.rm);
  }

  /// A destination: replaced whole if it is written with 32 or 64 bits.
  Effects write(Mask to, Mask reads, bool partial) const {
    const Mask all_reads = reads | o_.address;
    return partial ? Effects{all_reads, 0, to} : Effects{all_reads, to, 0};
  }
  Effects read(Mask reads, Mask changes = 0) const {
    return {static_cast<Mask>(reads | o_.address), 0, changes};
  }
  /// General registers in the memory operand alone.
  Effects vector() const { return read(0); }
  /// Whatever the bytes can name, and what else `implicit` says.
  Effects named(Mask implicit = 0) const {
    const bool has_vvvv = insn_.map >= Map::kVex0F && insn_.map != Map::k3dNow;
    return read(static_cast<Mask>(implicit | reg() | rm() | (has_vvvv ? bit(o_.vvvv) : 0)));
  }
  /// Of an instruction not told apart here. Those with a memory operand use nothing unnamed, and
  /// must leave a register free in which its address can be put.
  Effects unknown() const { return o_.memory ? named() : Effects{}; }
  /// op reg, rm or op rm, reg that reads both and changes the first.
  Effects read_modify(bool byte) const { return read(reg(byte) | rm(byte)); }

  const Insn& insn_;
  Operands o_;
  bool narrow_;  ///< 16-bit operands
};

Effects Analysis::one_byte() const {
  if (!insn_.has_modrm) return one_byte_without_modrm();
  const uint8_t op = insn_.opcode;
  const bool byte = (op & 1) == 0;
  if (op < 0x40) {
    // xor and sub of a register with itself do not depend on it.
    const uint8_t operation = op >> 3;
    if (!byte && !o_.memory && o_.reg == o_.rm && (operation == 5 || operation == 6)) {
      return write(rm(), narrow_ ? rm() : 0, narrow_);
    }
    return read_modify(byte);
  }
  switch (op) {
    case 0x63:
      return write(reg(), rm(), narrow_);
    case 0x69:
    case 0x6B:
      return write(reg(), rm(), narrow_);
    case 0x80:
    case 0x82:
    case 0xC0:
    case 0xD0:
    case 0xFE:
      return read(rm(true));
    case 0x81:
    case 0x83:
    case 0xC1:
    case 0xD1:
      return read(rm());
    case 0x84:
    case 0x86:
    case 0x85:
    case 0x87:
      return read_modify(byte);
    case 0x88:
      return o_.memory ? read(reg(true)) : write(rm(true), reg(true), true);
    case 0x89:
      return o_.memory ? read(reg()) : write(rm(), reg(), narrow_);
    case 0x8A:
      return write(reg(true), rm(true), true);
    case 0x8B:
      return write(reg(), rm(), narrow_);
    case 0x8C:
      return o_.memory ? read(0) : write(rm(), 0, true);
    case 0x8D:
      return write(reg(), 0, narrow_);
    case 0x8E:
      return read(rm());
    case 0x8F:
      return o_.memory ? read(kRspBit) : write(rm(), kRspBit, narrow_);
    case 0xC6:
      return insn_.modrm == 0xF8 ? Effects{} : write(rm(true), 0, true);
    case 0xC7:
      return insn_.modrm == 0xF8 ? Effects{} : write(rm(), 0, narrow_);
    case 0xD2:
      return read(rm(true) | kRcxBit);
    case 0xD3:
      return read(rm() | kRcxBit);
    case 0xF6:
    case 0xF7:
      return group_f6();
    case 0xFF:
      return group_ff();
    default:
      break;
  }
  // x87: general registers in the memory operand alone, but for fnstsw ax.
  if (op >= 0xD8 && op <= 0xDF) return read(0, op == 0xDF && insn_.modrm == 0xE0 ? kRaxBit : 0);
  return {};
}

Effects Analysis::group_f6() const {
  const bool byte = insn_.opcode == 0xF6;
  const uint8_t operation = insn_.modrm >> 3 & 7;
  if (operation < 4) return read(rm(byte));
  return read(static_cast<Mask>(rm(byte) | kRaxBit | (byte ? 0 : kRdxBit)));
}

Effects Analysis::group_ff() const {
  const uint8_t operation = insn_.modrm >> 3 & 7;
  return read(static_cast<Mask>(rm() | (operation >= 2 ? kRspBit : 0)));
}

Effects Analysis::string_operation() const {
  const Mask count = insn_.rep || insn_.repne ? kRcxBit : 0;
  switch (insn_.opcode & 0xFE) {
    case 0x6C:
      return read(count | kRdxBit | kRdiBit);  // ins
    case 0x6E:
      return read(count | kRdxBit | kRsiBit);  // outs
    case 0xAA:
    case 0xAE:
      return read(count | kRaxBit | kRdiBit);  // stos, scas
    case 0xAC:
      return read(count | kRaxBit | kRsiBit);  // lods
    default:
      return read(count | kRsiBit | kRdiBit);  // movs, cmps
  }
}

Effects Analysis::one_byte_without_modrm() const {
  const uint8_t op = insn_.opcode;
  if (op < 0x40) return read(kRaxBit);
  if (op >= 0x50 && op <= 0x57) return read(rm() | kRspBit);
  if (op >= 0x58 && op <= 0x5F) return write(rm(), kRspBit, narrow_);
  if (op >= 0x70 && op <= 0x7F) return read(0);
  if (op >= 0x91 && op <= 0x97) return read(rm() | kRaxBit);
  if (op >= 0xB0 && op <= 0xB7) return write(byte_register(insn_, o_.rm), 0, true);
  if (op >= 0xB8 && op <= 0xBF) return write(rm(), 0, narrow_);
  if ((op >= 0x6C && op <= 0x6F) || (op >= 0xA4 && op <= 0xA7) || (op >= 0xAA && op <= 0xAF)) {
    return string_operation();
  }
  switch (op) {
    case 0x68:
    case 0x6A:
      return read(kRspBit);
    case 0x90:
      return o_.rm == 0 ? read(0) : read(rm() | kRaxBit);  // nop, or xchg r8, rax
    case 0x98:
    case 0xA8:
    case 0xA9:
      return read(kRaxBit);
    case 0x99:
      return read(kRaxBit | kRdxBit);
    case 0x9B:
    case 0xF5:
    case 0xF8:
    case 0xF9:
    case 0xFA:
    case 0xFB:
    case 0xFC:
    case 0xFD:
    case 0xF4:
    case 0xCC:
    case 0xCD:
    case 0xF1:
      return read(0);
    case 0x9C:
    case 0x9D:
    case 0xC2:
    case 0xC3:
    case 0xE8:
    case 0xCA:
    case 0xCB:
    case 0xCF:
      return read(kRspBit);
    case 0x9E:
    case 0x9F:
    case 0xA0:
    case 0xA1:
    case 0xA2:
    case 0xA3:
      return read(kRaxBit);
    case 0xC8:
    case 0xC9:
      return read(kRspBit | kRbpBit);
    case 0xD7:
      return read(kRaxBit | kRbxBit);
    case 0xE0:
    case 0xE1:
    case 0xE2:
    case 0xE3:
      return read(kRcxBit);
    case 0xE4:
    case 0xE5:
    case 0xE6:
    case 0xE7:
      return read(kRaxBit);
    case 0xEC:
    case 0xED:
    case 0xEE:
    case 0xEF:
      return read(kRaxBit | kRdxBit);
    case 0xE9:
    case 0xEB:
      return read(0);
    default:
      return {};
  }
}

/// Opcodes of the 0F map (legacy or VEX) whose register operands are all vectors or masks.
bool Analysis::is_vector_0f() const {
  const uint8_t op = insn_.opcode;
  if (op >= 0x10 && op <= 0x17) return true;
  if (op >= 0x28 && op <= 0x2F) return op != 0x2A && op != 0x2C && op != 0x2D;
  if (op >= 0x41 && op <= 0x4B) return insn_.map == Map::kVex0F;
  if (op >= 0x51 && op <= 0x77) return op != 0x6E;
  if (op == 0x7C || op == 0x7D || op == 0x7F || op == 0xC2 || op == 0xC6) return true;
  return op >= 0xD0 && op != 0xD7 && op != 0xF7 && op != 0xFF;
}

Effects Analysis::map_0f_without_modrm() const {
  const uint8_t op = insn_.opcode;
  if (op >= 0x80 && op <= 0x8F) return read(0);
  if (op >= 0xC8) return read(rm());
  switch (op) {
    case 0x0B:
    case 0x0E:
    case 0x77:
      return read(0);
    case 0x31:
      return {0, 0, kRaxBit | kRdxBit};
    case 0xA0:
    case 0xA1:
    case 0xA8:
    case 0xA9:
      return read(kRspBit);
    case 0xA2:
      return {kRaxBit | kRcxBit, kRbxBit | kRdxBit, 0};
    default:
      return {};
  }
}

Effects Analysis::map_0f() const {
  if (!insn_.has_modrm) return map_0f_without_modrm();
  const uint8_t op = insn_.opcode;
  if (is_vector_0f()) return vector();
  if (op >= 0x40 && op <= 0x4F) return read_modify(false);
  if (op >= 0x90 && op <= 0x9F) return write(rm(true), 0, true);
  switch (op) {
    case 0x0D:
    case 0x18:
      return o_.memory ? read(0) : named();
    case 0x19:
    case 0x1C:
    case 0x1D:
    case 0x1E:
    case 0x1F:
      return named();
    case 0x2A:
    case 0x6E:
      return read(rm());
    case 0x2C:
    case 0x2D:
      return insn_.rep || insn_.repne ? write(reg(), 0, false) : vector();
    case 0x7E:
      return insn_.rep || o_.memory ? vector() : write(rm(), 0, false);
    case 0x50:
    case 0xD7:
      return write(reg(), 0, false);
    case 0xA3:
    case 0xAB:
    case 0xB3:
    case 0xBB:
      return read_modify(false);
    case 0xA4:
    case 0xAC:
      return read_modify(false);
    case 0xA5:
    case 0xAD:
      return read(reg() | rm() | kRcxBit);
    case 0xAE:
      return o_.memory ? read(kRaxBit | kRdxBit) : named(kRaxBit | kRdxBit);
    case 0xAF:
      return read_modify(false);
    case 0xB0:
      return read(reg(true) | rm(true) | kRaxBit);
    case 0xB1:
      return read(reg() | rm() | kRaxBit);
    case 0xB6:
    case 0xBE:
      return write(reg(), rm(true), narrow_);
    case 0xB7:
    case 0xBF:
      return write(reg(), rm(), narrow_);
    case 0xB8:
      return write(reg(), rm(), narrow_);
    case 0xBA:
      return read(rm());
    case 0xBC:
    case 0xBD:
      return read_modify(false);  // unchanged where the source is 0
    case 0xC0:
      return read_modify(true);
    case 0xC1:
      return read_modify(false);
    case 0xC3:
      return read(reg());
    case 0xC4:
      return read(rm());
    case 0xC5:
      return write(reg(), 0, false);
    case 0xC7:
      return group_0fc7();
    case 0xF7:
      return read(kRdiBit);  // maskmovq, maskmovdqu
    default:
      return unknown();
  }
}

Effects Analysis::group_0fc7() const {
  const uint8_t operation = insn_.modrm >> 3 & 7;
  const Mask pair = kRaxBit | kRdxBit;
  if (operation == 1 && o_.memory) return read(pair | kRbxBit | kRcxBit);  // cmpxchg8b, 16b
  if (operation >= 6 && !o_.memory) {  // rdrand, rdseed, rdpid; with F3, /6 is senduipi
    return insn_.rep && operation == 6 ? read(rm()) : write(rm(), 0, narrow_);
  }
  return named(pair | kRbxBit | kRcxBit);
}

Effects Analysis::map_0f38() const {
  const uint8_t op = insn_.opcode;
  // 80..83 are invept, invvpid and invpcid, whose register is general; beyond F0 most are.
  if (op < 0x80 || (op > 0x83 && op < 0xD0)) return vector();
  if (op >= 0xDB && op <= 0xDF) return read(insn_.rep ? kRaxBit : 0);  // F3 DC is loadiwkey
  if (op == 0xF0 || op == 0xF1) {
    if (insn_.repne) return read(static_cast<Mask>(reg() | rm(op == 0xF0)));  // crc32
    return op == 0xF0 ? write(reg(), 0, narrow_) : read(reg());               // movbe
  }
  if (op == 0xF6) return read_modify(false);  // adcx, adox, wrss
  return named();
}

Effects Analysis::map_0f3a() const {
  const uint8_t op = insn_.opcode;
  if (op >= 0x14 && op <= 0x17) return o_.memory ? vector() : write(rm(), 0, false);
  if (op == 0x20 || op == 0x22) return read(rm());
  if (op >= 0x60 && op <= 0x63) return read(kRaxBit | kRdxBit | kRcxBit);  // pcmpXstrX
  if (op < 0x60 || op == 0xCC || op == 0xCE || op == 0xCF || op == 0xDF) return vector();
  return named(kRaxBit);  // hreset
}

Effects Analysis::vex_0f38() const {
  const uint8_t op = insn_.opcode;
  if (op == 0xF7) {  // bextr, shlx, sarx, shrx: the source is rm, the count vvvv
    return write(reg(), static_cast<Mask>(rm() | bit(o_.vvvv)), false);
  }
  if (op == 0xF2) return write(reg(), static_cast<Mask>(rm() | bit(o_.vvvv)), false);  // andn
  if (op == 0xF5)
    return write(reg(), static_cast<Mask>(rm() | bit(o_.vvvv)), false);  // bzhi, pdep, pext
  if (op == 0xF3) return write(bit(o_.vvvv), rm(), false);               // bls*
  if (op == 0xF6) {                                                      // mulx
    return {static_cast<Mask>(rm() | o_.address | kRdxBit), static_cast<Mask>(reg() | bit(o_.vvvv)),
            0};
  }
  // E0..EF are cmpccxadd.
  return op < 0xE0 ? vector() : named();
}

Effects Analysis::vex_0f3a() const {
  const uint8_t op = insn_.opcode;
  if (op == 0xF0) return write(reg(), rm(), false);  // rorx
  if (op >= 0x14 && op <= 0x17) return o_.memory ? vector() : write(rm(), 0, false);
  if (op == 0x20 || op == 0x22) return read(rm());
  if (op >= 0x60 && op <= 0x63) return read(kRaxBit | kRdxBit | kRcxBit);
  return op < 0xF0 ? vector() : named();
}

}  // namespace

RcxUse rcx_use(const uint8_t* bytes, const Insn& insn) {
  if (insn.kind == Kind::kInvalid || insn.kind == Kind::kSyscall) return {};
  const Effects effects = Analysis(bytes, insn).effects();
  return {(effects.reads & kRcxBit) != 0, (effects.overwrites & kRcxBit) != 0};
}

RegisterUse register_use(const uint8_t* bytes, const Insn& insn) {
  if (insn.kind != Kind::kPlain) return {};
  const Effects effects = Analysis(bytes, insn).effects();
  // A partial write keeps the rest: the old value matters.
  return {static_cast<uint16_t>(effects.reads | effects.changes), effects.overwrites};
}

uint16_t registers_used(const uint8_t* bytes, const Insn& insn) {
  if (insn.kind == Kind::kInvalid) return kAll;
  const Effects effects = Analysis(bytes, insn).effects();
  return static_cast<uint16_t>(effects.reads | effects.overwrites | effects.changes);
}

}  // namespace weft::x86
