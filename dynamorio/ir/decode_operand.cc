#include "ir/decode_operand.h"

#include <span>

#include "dr_ir_opcodes.h"

namespace weft::dynamorio {
namespace {

opnd_size_t size_of_bits(unsigned bits) { return opnd_size_from_bytes(bits / 8); }

// A vector register of which less is used than it has is a part of it.
opnd_t register_from(const ZydisDecodedOperand& operand) {
  const reg_id_t reg = reg_of(operand.reg.value);
  if (!reg_is_vector_simd(reg) && !reg_is_mmx(reg)) return opnd_create_reg(reg);
  const opnd_size_t size = size_of_bits(operand.size);
  if (size == OPSZ_NA || operand.size / 8 >= opnd_size_in_bytes(reg_get_size(reg)))
    return opnd_create_reg(reg);
  return opnd_create_reg_partial(reg, size);
}

opnd_t immediate_from(const Decoding& decoding, const ZydisDecodedOperand& operand, app_pc pc) {
  const ZydisDecodedInstruction& instruction = decoding.instruction;
  if (operand.imm.is_relative) {
    return opnd_create_pc(pc + instruction.length + static_cast<ptr_int_t>(operand.imm.value.s));
  }
  if (operand.encoding == ZYDIS_OPERAND_ENCODING_NONE) {  // implied: the 1 of a shift
    return opnd_create_immed_int(operand.imm.value.s, size_of_bits(operand.size));
  }
  // As wide as it is among the bytes, where immediates stand in the order of operands.
  size_t place = 0;
  for (const ZydisDecodedOperand& other : std::span(decoding.operands.data(), operand.id)) {
    place += other.type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? 1 : 0;
  }
  const unsigned raw = place < 2 ? instruction.raw.imm[place].size : 0;
  const unsigned bits = raw != 0 ? raw : operand.size;
  return opnd_create_immed_int(operand.imm.value.s, size_of_bits(bits));
}

// fs and gs count; the others have no effect in 64-bit code, and string instructions name theirs.
reg_id_t segment_of(const ZydisDecodedOperand& operand, int opcode) {
  const ZydisRegister segment = operand.mem.segment;
  if (segment == ZYDIS_REGISTER_FS || segment == ZYDIS_REGISTER_GS) return reg_of(segment);
  const bool is_string = (opcode >= OP_ins && opcode <= OP_repne_scas) || opcode == OP_xlat;
  const bool is_masked_store =
      opcode == OP_maskmovq || opcode == OP_maskmovdqu || opcode == OP_vmaskmovdqu;
  return is_string || is_masked_store ? reg_of(segment) : static_cast<reg_id_t>(DR_REG_NULL);
}

// A push writes below where the stack pointer was.
bool is_push(const ZydisDecodedOperand& operand) {
  return operand.visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT &&
         operand.mem.base == ZYDIS_REGISTER_RSP &&
         (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}

opnd_t memory_from(const Decoding& decoding, const ZydisDecodedOperand& operand, int opcode,
                   app_pc pc) {
  const auto& mem = operand.mem;
  opnd_size_t size = size_of_bits(operand.size);
  if (opcode == OP_clflush || opcode == OP_clflushopt || opcode == OP_clwb) size = OPSZ_clflush;
  if (mem.type == ZYDIS_MEMOP_TYPE_AGEN || mem.type == ZYDIS_MEMOP_TYPE_MIB) size = OPSZ_0;
  const reg_id_t segment = segment_of(operand, opcode);
  ZyanI64 displacement = mem.disp.has_displacement ? mem.disp.value : 0;
  if (is_push(operand)) displacement = -operand.size / 8;
  if (mem.base == ZYDIS_REGISTER_RIP || mem.base == ZYDIS_REGISTER_EIP) {
    byte* const target = pc + decoding.instruction.length + displacement;
    return opnd_create_far_rel_addr(segment, target, size);
  }
  if (mem.base == ZYDIS_REGISTER_NONE && mem.index == ZYDIS_REGISTER_NONE) {
    return opnd_create_far_abs_addr(segment, reinterpret_cast<void*>(displacement), size);
  }
  return opnd_create_far_base_disp(segment, reg_of(mem.base), reg_of(mem.index), mem.scale,
                                   static_cast<int>(displacement), size);
}

// Registers that an instruction uses and the decoder does not name.
opnd_t made(const Decoding& decoding, Item item) {
  const bool narrow = decoding.instruction.address_width == 32;
  switch (item) {
    case kRsi:
      return opnd_create_reg(narrow ? DR_REG_ESI : DR_REG_RSI);
    case kRdi:
      return opnd_create_reg(narrow ? DR_REG_EDI : DR_REG_RDI);
    case kRcx:
      return opnd_create_reg(narrow ? DR_REG_ECX : DR_REG_RCX);
    case kAh:
      return opnd_create_reg(DR_REG_AH);
    case kAl:
      return opnd_create_reg(DR_REG_AL);
    case kRsp:
      return opnd_create_reg(DR_REG_RSP);
    default:
      return opnd_create_reg(DR_REG_RBP);
  }
}

}  // namespace

opnd_t operand_from(const Decoding& decoding, Item item, int opcode, app_pc pc) {
  if (item >= kMade) return made(decoding, item);
  const ZydisDecodedOperand& operand = decoding.operands[item];
  switch (operand.type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
      return register_from(operand);
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
      return immediate_from(decoding, operand, pc);
    case ZYDIS_OPERAND_TYPE_MEMORY:
      return memory_from(decoding, operand, opcode, pc);
    default:
      return opnd_create_null();
  }
}

}  // namespace weft::dynamorio
