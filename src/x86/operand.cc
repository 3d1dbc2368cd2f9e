#include "x86/operand.h"

#include <cstring>

#include "x86/encoding.h"

namespace weft::x86 {
namespace {

bool has_vector_index(const Insn& insn) {
  // vgather and vscatter: opcodes 90-93 and A0-A3 (C6, C7: prefetches) of map 0F38.
  if (insn.map != Map::kVex0F38 && insn.map != Map::kEvex) return false;
  return (insn.modrm & 7) == 4 && ((insn.opcode >= 0x90 && insn.opcode <= 0x93) ||
                                   (insn.opcode >= 0xA0 && insn.opcode <= 0xA3) ||
                                   insn.opcode == 0xC6 || insn.opcode == 0xC7);
}

int64_t displacement_of(const uint8_t* bytes, const Insn& insn) {
  if (insn.disp_size == 1) return static_cast<int8_t>(bytes[insn.disp_offset]);
  int32_t wide = 0;
  if (insn.disp_size == sizeof wide) std::memcpy(&wide, bytes + insn.disp_offset, sizeof wide);
  return wide;
}

}  // namespace

std::optional<uint64_t> operand_address(const CpuContext& registers, const uint8_t* bytes,
                                        const Insn& insn, AppPc pc) {
  if (insn.rip_relative) return target_of(insn, pc).value;
  if (has_vector_index(insn) || (insn.map == Map::kEvex && insn.disp_size == 1)) return {};
  const uint8_t extension = extension_bits(bytes, insn);
  const int mod = insn.modrm >> 6;
  const int rm = insn.modrm & 7;
  uint64_t address = 0;
  if (rm == 4) {
    const uint8_t sib = bytes[insn.modrm_offset + 1];
    const int index = (sib >> 3 & 7) | (extension & kIndexBit) << 2;
    const int base = (sib & 7) | (extension & kBaseBit) << 3;
    if (index != kRsp) address += registers.gpr[index] << (sib >> 6);
    if ((sib & 7) != 5 || mod != 0) address += registers.gpr[base];
  } else {
    address += registers.gpr[rm | (extension & kBaseBit) << 3];
  }
  address += static_cast<uint64_t>(displacement_of(bytes, insn));
  return insn.address_size_prefix ? static_cast<uint32_t>(address) : address;
}

}  // namespace weft::x86
