#include "ir/decode.h"

#include "dr_ir_decode.h"
#include "dr_ir_opcodes.h"
#include "ir/decode_operand.h"
#include "ir/instruction.h"
#include "ir/opcode.h"
#include "ir/order.h"

namespace weft::dynamorio {
namespace {

const ZydisDecoder& decoder() {
  static const ZydisDecoder kDecoder = [] {
    ZydisDecoder made;
    ZydisDecoderInit(&made, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return made;
  }();
  return kDecoder;
}

uint32_t prefixes_of(const ZydisDecodedInstruction& instruction) {
  uint32_t prefixes = 0;
  const auto take = [&](ZydisInstructionAttributes attribute, uint32_t prefix) {
    if ((instruction.attributes & attribute) != 0) prefixes |= prefix;
  };
  take(ZYDIS_ATTRIB_HAS_LOCK, PREFIX_LOCK);
  take(ZYDIS_ATTRIB_HAS_XACQUIRE, PREFIX_XACQUIRE);
  take(ZYDIS_ATTRIB_HAS_XRELEASE, PREFIX_XRELEASE);
  take(ZYDIS_ATTRIB_HAS_BRANCH_NOT_TAKEN, PREFIX_JCC_NOT_TAKEN);
  take(ZYDIS_ATTRIB_HAS_BRANCH_TAKEN, PREFIX_JCC_TAKEN);
  if (instruction.address_width == 32) prefixes |= kPrefixAddress32;
  if (instruction.encoding != ZYDIS_INSTRUCTION_ENCODING_EVEX) return prefixes;
  prefixes |= kPrefixEvex;
  const ZydisDecodedInstructionAvx& avx = instruction.avx;
  if (avx.mask.mode == ZYDIS_MASK_MODE_ZEROING) prefixes |= kPrefixZeroing;
  if (!avx.broadcast.is_static)
    prefixes |= static_cast<uint32_t>(avx.broadcast.mode) << kPrefixBroadcastShift;
  if (avx.has_sae) prefixes |= kPrefixSae;
  return prefixes | static_cast<uint32_t>(avx.rounding.mode) << kPrefixRoundingShift;
}

// Where a rip-relative displacement stands among the bytes, or 0.
byte rip_rel_position(const Decoding& decoding) {
  for (size_t i = 0; i < decoding.instruction.operand_count; ++i) {
    const ZydisDecodedOperand& operand = decoding.operands[i];
    if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.base == ZYDIS_REGISTER_RIP) {
      return decoding.instruction.raw.disp.offset;
    }
  }
  return 0;
}

void take_raw(instr_t* instr, byte* bytes, const Decoding& decoding) {
  instr_set_raw_bits(instr, bytes, decoding.instruction.length);
  instr->rip_rel_pos = rip_rel_position(decoding);
  instr->num_prefixes = decoding.instruction.raw.prefix_count;
  instr->flags |= kRipRelValid;
}

}  // namespace

bool decode_bytes(const uint8_t* bytes, Decoding& decoding) {
  return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder(), bytes, ZYDIS_MAX_INSTRUCTION_LENGTH,
                                             &decoding.instruction, decoding.operands.data()));
}

void take_opcode(instr_t* instr, const Decoding& decoding) {
  instr->opcode = static_cast<uint>(opcode_of(decoding.instruction, decoding.operands.data()));
  instr->prefixes = prefixes_of(decoding.instruction);
  instr->predicate = static_cast<byte>(predicate_of(static_cast<int>(instr->opcode)));
  instr->eflags = eflags_of(decoding.instruction);
  instr->flags |= kOpcodeValid | kEflagsValid;
}

void take_operands(instr_t* instr, const Decoding& decoding, app_pc pc) {
  const auto opcode = static_cast<int>(instr->opcode);
  const Order order =
      order_of(decoding.instruction, decoding.operands, row_of(opcode).reads_destination);
  instr_set_num_opnds(nullptr, instr, order.num_destinations, order.num_sources);
  for (size_t i = 0; i < order.num_destinations; ++i) {
    destinations_of(instr)[i] = operand_from(decoding, order.destinations[i], opcode, pc);
  }
  for (size_t i = 0; i < order.num_sources; ++i) {
    sources_of(instr)[i] = operand_from(decoding, order.sources[i], opcode, pc);
  }
}

bool know_opcode(instr_t* instr) {
  if (has(instr, kOpcodeValid)) return instr->opcode != OP_INVALID;
  Decoding decoding;
  if (!has(instr, kRawValid) || !decode_bytes(instr->bytes, decoding)) return false;
  take_opcode(instr, decoding);
  return true;
}

// Bits that were copied mean what they mean at the instruction's own place.
bool know_operands(instr_t* instr) {
  if (has(instr, kOperandsValid)) return true;
  Decoding decoding;
  if (!has(instr, kRawValid) || !decode_bytes(instr->bytes, decoding)) return false;
  if (!has(instr, kOpcodeValid)) take_opcode(instr, decoding);
  take_operands(
      instr, decoding,
      has(instr, kOwnsBits) && instr->translation != nullptr ? instr->translation : instr->bytes);
  return true;
}

}  // namespace weft::dynamorio

using namespace weft::dynamorio;

byte* decode_from_copy(void*, byte* copy_pc, byte* orig_pc, instr_t* instr) {
  Decoding decoding;
  if (!decode_bytes(copy_pc, decoding)) {
    instr->flags &= ~(kOpcodeValid | kOperandsValid | kRawValid);
    instr->opcode = OP_INVALID;
    return nullptr;
  }
  take_opcode(instr, decoding);
  take_operands(instr, decoding, orig_pc);
  if (copy_pc == orig_pc) {
    take_raw(instr, copy_pc, decoding);
  } else {
    instr->translation = orig_pc;
  }
  return copy_pc + decoding.instruction.length;
}

byte* decode(void* drcontext, byte* pc, instr_t* instr) {
  return decode_from_copy(drcontext, pc, pc, instr);
}

byte* decode_opcode(void*, byte* pc, instr_t* instr) {
  Decoding decoding;
  if (!decode_bytes(pc, decoding)) return nullptr;
  take_opcode(instr, decoding);
  set(instr, kOperandsValid, false);
  take_raw(instr, pc, decoding);
  return pc + decoding.instruction.length;
}

byte* decode_cti(void* drcontext, byte* pc, instr_t* instr) {
  byte* const next = decode_opcode(drcontext, pc, instr);
  if (next != nullptr && instr_is_cti(instr)) know_operands(instr);
  return next;
}

byte* decode_next_pc(void*, byte* pc) {
  Decoding decoding;
  return decode_bytes(pc, decoding) ? pc + decoding.instruction.length : nullptr;
}

int decode_sizeof_ex(void*, byte* pc, int* num_prefixes, uint* rip_rel_pos) {
  Decoding decoding;
  if (!decode_bytes(pc, decoding)) return 0;
  if (num_prefixes != nullptr) *num_prefixes = decoding.instruction.raw.prefix_count;
  if (rip_rel_pos != nullptr) *rip_rel_pos = rip_rel_position(decoding);
  return decoding.instruction.length;
}

int decode_sizeof(void* drcontext, byte* pc, int* num_prefixes, uint* rip_rel_pos) {
  return decode_sizeof_ex(drcontext, pc, num_prefixes, rip_rel_pos);
}

byte* decode_eflags_usage(void*, byte* pc, uint* usage, dr_opnd_query_flags_t flags) {
  Decoding decoding;
  if (!decode_bytes(pc, decoding)) return nullptr;
  instr_t instr;
  instr_init(nullptr, &instr);
  take_opcode(&instr, decoding);
  take_operands(&instr, decoding, pc);
  *usage = instr_get_eflags(&instr, flags);
  instr_free(nullptr, &instr);
  return pc + decoding.instruction.length;
}

app_pc decode_memory_reference_size(void* drcontext, app_pc pc, uint* size_in_bytes) {
  instr_t instr;
  instr_init(drcontext, &instr);
  byte* const next = decode(drcontext, pc, &instr);
  if (next != nullptr && size_in_bytes != nullptr)
    *size_in_bytes = instr_memory_reference_size(&instr);
  instr_free(drcontext, &instr);
  return next;
}

bool set_x86_mode(void*, bool) { return false; }
bool get_x86_mode(void*) { return false; }
bool dr_set_isa_mode(void*, dr_isa_mode_t new_mode, dr_isa_mode_t* old_mode) {
  if (old_mode != nullptr) *old_mode = DR_ISA_AMD64;
  return new_mode == DR_ISA_AMD64;
}
dr_isa_mode_t dr_get_isa_mode(void*) { return DR_ISA_AMD64; }
app_pc dr_app_pc_as_jump_target(dr_isa_mode_t, app_pc pc) { return pc; }
app_pc dr_app_pc_as_load_target(dr_isa_mode_t, app_pc pc) { return pc; }
