#include "x86/decode.h"

#include <algorithm>
#include <cstring>

#include "x86/decode_vector.h"
#include "x86/isa.h"
#include "x86/names.h"

// What is undefined only because of operands, VEX.L/W, or a missing CPU feature is reported as
// plain: the CPU itself raises #UD when the copied bytes run. Kind::kInvalid is exact where it
// matters to the translator: no opcode that a current CPU accepts is invalid, and nothing that
// transfers control is reported as such where the CPU would raise #UD (LOCK before a jump, for
// example).
//
// Near branches with an operand-size prefix keep their 32-bit displacement and 64-bit target, which
// is what Intel CPUs (and Zydis by default) do; AMD's truncate rip to 16 bits, so no program has
// them.

namespace weft::x86 {
namespace {

using isa::Imm;
using isa::Opcode;

enum PrefixAction : uint8_t {
  kNotPrefix,
  kIgnoredSegment,
  kFsOverride,
  kGsOverride,
  kOperandSize,
  kAddressSize,
  kLock,
  kRepne,
  kRep,
  kRex,
};

constexpr std::array<uint8_t, 256> make_prefix_table() {
  std::array<uint8_t, 256> table = {};
  table[0x26] = table[0x2E] = table[0x36] = table[0x3E] = kIgnoredSegment;
  table[0x64] = kFsOverride;
  table[0x65] = kGsOverride;
  table[0x66] = kOperandSize;
  table[0x67] = kAddressSize;
  table[0xF0] = kLock;
  table[0xF2] = kRepne;
  table[0xF3] = kRep;
  for (unsigned rex = 0x40; rex < 0x50; ++rex) table[rex] = kRex;
  return table;
}
constexpr std::array<uint8_t, 256> kPrefixes = make_prefix_table();

/// Takes the prefixes; returns the first byte after them.
uint8_t take_prefixes(Cursor& in, Insn& out) {
  for (;;) {
    const uint8_t byte = in.take();
    const uint8_t action = kPrefixes[byte];
    if (action == kNotPrefix || in.exhausted()) return byte;
    // A REX byte counts only directly before the opcode.
    out.rex = action == kRex ? byte : 0;
    switch (action) {
      case kFsOverride:
        out.segment = Segment::kFs;
        break;
      case kGsOverride:
        out.segment = Segment::kGs;
        break;
      case kOperandSize:
        out.operand_size_prefix = true;
        break;
      case kAddressSize:
        out.address_size_prefix = true;
        break;
      case kLock:
        out.lock = true;
        break;
      case kRepne:
        out.repne = true;
        break;
      case kRep:
        out.rep = true;
        break;
      default:
        break;
    }
  }
}

/// After a 0F byte.
Opcode take_0f(Cursor& in, Insn& out) {
  out.opcode_offset = in.position();
  out.opcode = in.take();
  switch (out.opcode) {
    case 0x38:
      out.map = Map::k0F38;
      out.opcode_offset = in.position();
      out.opcode = in.take();
      return isa::kModrmOpcode;
    case 0x3A:
      out.map = Map::k0F3A;
      out.opcode_offset = in.position();
      out.opcode = in.take();
      return isa::kModrmImm8Opcode;
    case 0x0F:
      // The opcode is the last byte, where others have their immediate: see finish().
      out.map = Map::k3dNow;
      return isa::kModrmImm8Opcode;
    default:
      out.map = Map::k0F;
      return isa::k0FOpcodes[out.opcode];
  }
}

Opcode take_opcode(Cursor& in, Insn& out, const uint8_t* bytes, size_t limit) {
  const uint8_t byte = take_prefixes(in, out);
  out.opcode = byte;
  out.opcode_offset = static_cast<uint8_t>(in.position() - 1);
  switch (byte) {
    case 0x0F:
      return take_0f(in, out);
    case 0xC4:
    case 0xC5:
      return take_vex(in, out, byte);
    case 0x62:
      return take_evex(in, out);
    case 0x8F: {
      const uint8_t next = in.position() < limit ? bytes[in.position()] : 0;
      if ((next & 0x1F) >= 8) return take_xop(in, out, next);
      return isa::kOneByteOpcodes[byte];
    }
    default:
      return isa::kOneByteOpcodes[byte];
  }
}

/// What prefixes and the modrm byte say about the few opcodes marked so.
Opcode refined(const Insn& insn) {
  const isa::Row& row = isa::find_row(insn);
  return {row.kind, row.form};
}

/// After a modrm byte that names memory: the SIB byte and the displacement.
void take_memory(Cursor& in, Insn& out, const uint8_t* bytes) {
  const uint8_t mod = out.modrm >> 6;
  const uint8_t rm = out.modrm & 7;
  const bool wide_base = rm == 4 ? (in.take() & 7) == 5 : rm == 5;
  if (mod == 1) {
    out.disp_size = 1;
  } else if (mod == 2 || wide_base) {
    out.disp_size = 4;
  } else {
    return;
  }
  out.disp_offset = in.position();
  in.skip(out.disp_size);
  if (mod == 0 && rm == 5 && !in.exhausted()) {
    out.rip_relative = true;
    std::memcpy(&out.rel, bytes + out.disp_offset, sizeof out.rel);
  }
}

uint8_t imm_bytes(const Insn& insn, Imm imm) {
  const bool wide = (insn.rex & 0x08) != 0;
  switch (imm) {
    case Imm::kNone:
    case Imm::kMoffs:
      return 0;
    case Imm::k8:
      return 1;
    case Imm::k16:
      return 2;
    case Imm::k32:
      return 4;
    case Imm::kOperand:
      return insn.operand_size_prefix && !wide ? 2 : 4;
    case Imm::kFull:
      return wide ? 8 : insn.operand_size_prefix ? 2 : 4;
    case Imm::kEnter:
      return 3;
  }
  return 0;
}

void take_immediate(Cursor& in, Insn& out, Imm imm) {
  if (imm == Imm::kMoffs) {
    out.disp_offset = in.position();
    out.disp_size = out.address_size_prefix ? 4 : 8;
    in.skip(out.disp_size);
    return;
  }
  out.imm_size = imm_bytes(out, imm);
  in.skip(out.imm_size);
}

bool is_direct(Kind kind) {
  return kind == Kind::kJump || kind == Kind::kCondJump || kind == Kind::kLoop ||
         kind == Kind::kCall || kind == Kind::kXbegin;
}

void read_branch_displacement(const uint8_t* bytes, Insn& out) {
  const uint8_t* field = bytes + out.length - out.imm_size;
  int8_t rel8;
  int16_t rel16;
  switch (out.imm_size) {
    case 1:
      std::memcpy(&rel8, field, 1);
      out.rel = rel8;
      break;
    case 2:
      std::memcpy(&rel16, field, 2);
      out.rel = rel16;
      break;
    default:
      std::memcpy(&out.rel, field, 4);
      break;
  }
}

}  // namespace

bool decode(const uint8_t* bytes, size_t available, Insn& out) {
  out = Insn{};
  const size_t limit = std::min<size_t>(available, kLongestInstruction);
  Cursor in(bytes, limit);
  Opcode opcode = take_opcode(in, out, bytes, limit);
  if (opcode.form.has_modrm()) {
    out.modrm_offset = in.position();
    out.modrm = in.take();
    out.has_modrm = true;
    if (opcode.refined) opcode = refined(out);
    if (out.modrm >= kFirstRegisterModrm) {
      if (opcode.form.operand == isa::Operand::kMemory) opcode.kind = Kind::kInvalid;
    } else if (opcode.kind != Kind::kInvalid && opcode.form.operand != isa::Operand::kRegisters) {
      take_memory(in, out, bytes);
    }
  }
  if (opcode.kind != Kind::kInvalid) take_immediate(in, out, opcode.form.imm);
  if (in.exhausted()) {
    if (limit < kLongestInstruction) return false;
    out.kind = Kind::kInvalid;
    out.length = kTooLong;
    return true;
  }
  out.length = in.position();
  out.kind = out.lock && opcode.kind != Kind::kPlain ? Kind::kInvalid : opcode.kind;
  if (out.map == Map::k3dNow) out.opcode = bytes[out.length - 1];
  if (is_direct(out.kind)) read_branch_displacement(bytes, out);
  return true;
}

}  // namespace weft::x86
