#include "x86/decode_vector.h"

namespace weft::x86 {
namespace {

bool has_vex_obstacle(const Insn& insn) {
  return insn.rex != 0 || insn.operand_size_prefix || insn.lock || insn.rep || insn.repne;
}

constexpr bool has_imm8_in_vector_0f(uint8_t opcode) {
  return (opcode >= 0x70 && opcode <= 0x73) || opcode == 0xC2 || (opcode >= 0xC4 && opcode <= 0xC6);
}

Opcode vex_opcode(Map map, uint8_t opcode) {
  Opcode result;
  result.has_modrm = !(map == Map::kVex0F && opcode == 0x77);
  if (map == Map::kVex0F3A || (map == Map::kVex0F && has_imm8_in_vector_0f(opcode))) {
    result.imm = Imm::k8;
  }
  return result;
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
  static constexpr Map kMaps[] = {Map::kVex0F, Map::kVex0F38, Map::kVex0F3A};
  out.map = kMaps[map - 1];
  out.opcode = in.take();
  return vex_opcode(out.map, out.opcode);
}

Opcode take_xop(Cursor& in, Insn& out, uint8_t next) {
  if (has_vex_obstacle(out)) return kUndefined;
  out.opcode_offset = static_cast<uint8_t>(in.position() - 1);
  out.map = Map::kXop;
  in.skip(2);
  out.opcode = in.take();
  Opcode result;
  result.has_modrm = true;
  switch (next & 0x1F) {
    case 8:
      result.imm = Imm::k8;
      break;
    case 9:
      break;
    case 10:
      result.imm = Imm::k32;
      break;
    default:
      return kUndefined;
  }
  return result;
}

Opcode take_evex(Cursor& in, Insn& out) {
  if (has_vex_obstacle(out)) return kUndefined;
  out.opcode_offset = static_cast<uint8_t>(in.position() - 1);
  out.map = Map::kEvex;
  const uint8_t p0 = in.take();
  const uint8_t p1 = in.take();
  in.skip(1);
  out.opcode = in.take();
  const uint8_t map = p0 & 0x0F;
  if ((p1 & 0x04) == 0) return kUndefined;
  Opcode result;
  result.has_modrm = true;
  switch (map) {
    case 1:
      result.imm = has_imm8_in_vector_0f(out.opcode) ? Imm::k8 : Imm::kNone;
      break;
    case 3:
      result.imm = Imm::k8;
      break;
    case 2:
    case 5:
    case 6:
      break;
    default:
      return kUndefined;
  }
  return result;
}

}  // namespace weft::x86
