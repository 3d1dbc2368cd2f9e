#include "x86/decode_vector.h"

namespace weft::x86 {
namespace {

using isa::Opcode;

constexpr Opcode kUndefined = {Kind::kInvalid, {}};

bool has_vex_obstacle(const Insn& insn) {
  return insn.rex != 0 || insn.operand_size_prefix || insn.lock || insn.rep || insn.repne;
}

}  // namespace

Opcode take_vex(Cursor& in, Insn& out, uint8_t lead) {
  if (has_vex_obstacle(out)) return kUndefined;
  out.opcode_offset = static_cast<uint8_t>(in.position() - 1);
  const uint8_t payload = in.take();
  uint8_t map = 1;
  if (lead == 0xC4) {
    map = payload & 0x1F;
    in.skip(1);
    if (map < 1 || map > 3) return kUndefined;
  }
  out.opcode = in.take();
  switch (map) {
    case 1:
      out.map = Map::kVex0F;
      return isa::kVex0FOpcodes[out.opcode];
    case 2:
      out.map = Map::kVex0F38;
      return isa::kModrmOpcode;
    default:
      out.map = Map::kVex0F3A;
      return isa::kModrmImm8Opcode;
  }
}

Opcode take_xop(Cursor& in, Insn& out, uint8_t next) {
  if (has_vex_obstacle(out)) return kUndefined;
  out.opcode_offset = static_cast<uint8_t>(in.position() - 1);
  out.map = Map::kXop;
  in.skip(2);
  out.opcode = in.take();
  switch (next & 0x1F) {
    case 8:
      return isa::kModrmImm8Opcode;
    case 9:
      return isa::kModrmOpcode;
    case 10:
      return {Kind::kPlain, {isa::Operand::kModrm, isa::Imm::k32}};
    default:
      return kUndefined;
  }
}

Opcode take_evex(Cursor& in, Insn& out) {
  if (has_vex_obstacle(out)) return kUndefined;
  out.opcode_offset = static_cast<uint8_t>(in.position() - 1);
  out.map = Map::kEvex;
  const uint8_t p0 = in.take();
  const uint8_t p1 = in.take();
  in.skip(1);
  out.opcode = in.take();
  if ((p1 & 0x04) == 0) return kUndefined;
  switch (p0 & 0x0F) {
    case 1:  // the opcodes of VEX, but with a modrm byte each
      return {Kind::kPlain, {isa::Operand::kModrm, isa::kVex0FOpcodes[out.opcode].form.imm}};
    case 3:
      return isa::kModrmImm8Opcode;
    case 2:
    case 5:
    case 6:
      return isa::kModrmOpcode;
    default:
      return kUndefined;
  }
}

}  // namespace weft::x86
