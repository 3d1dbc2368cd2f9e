// From bytes to an instr_t: the door to the decoder.
#pragma once

#include <Zydis/Zydis.h>

#include <array>
#include <cstdint>

#include "dr_ir_instr.h"

namespace weft::dynamorio {

struct Decoding {
  ZydisDecodedInstruction instruction;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
};

/// Reads as many bytes as the instruction has. False if there is none.
bool decode_bytes(const uint8_t* bytes, Decoding& decoding);
/// Sets opcode, prefixes and predicate; then all operands, with `pc` as the instruction's place.
void take_opcode(instr_t* instr, const Decoding& decoding);
void take_operands(instr_t* instr, const Decoding& decoding, app_pc pc);

reg_id_t reg_of(ZydisRegister reg);
ZydisRegister reg_of(reg_id_t reg);

}  // namespace weft::dynamorio
