#include "ir/encode.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "dr_ir_encode.h"
#include "dr_ir_opcodes.h"
#include "ir/decode.h"
#include "ir/encode_operand.h"
#include "ir/instruction.h"
#include "ir/opcode.h"
#include "ir/operand.h"

namespace weft::dynamorio {
namespace {

ZydisInstructionAttributes repetition_of(int opcode) {
  switch (opcode) {
    case OP_rep_ins:
    case OP_rep_outs:
    case OP_rep_movs:
    case OP_rep_stos:
    case OP_rep_lods:
      return ZYDIS_ATTRIB_HAS_REP;
    case OP_rep_cmps:
    case OP_rep_scas:
      return ZYDIS_ATTRIB_HAS_REPE;
    case OP_repne_cmps:
    case OP_repne_scas:
      return ZYDIS_ATTRIB_HAS_REPNE;
    default:
      return 0;
  }
}

ZydisInstructionAttributes attributes_of(instr_t* instr) {
  ZydisInstructionAttributes attributes = repetition_of(static_cast<int>(instr->opcode));
  const auto take = [&](uint32_t prefix, ZydisInstructionAttributes attribute) {
    if ((instr->prefixes & prefix) != 0) attributes |= attribute;
  };
  take(PREFIX_LOCK, ZYDIS_ATTRIB_HAS_LOCK);
  take(PREFIX_XACQUIRE, ZYDIS_ATTRIB_HAS_XACQUIRE);
  take(PREFIX_XRELEASE, ZYDIS_ATTRIB_HAS_XRELEASE);
  take(PREFIX_JCC_TAKEN, ZYDIS_ATTRIB_HAS_BRANCH_TAKEN);
  take(PREFIX_JCC_NOT_TAKEN, ZYDIS_ATTRIB_HAS_BRANCH_NOT_TAKEN);
  for (int i = 0; i < instr->num_dsts + instr->num_srcs; ++i) {
    const reg_id_t segment = opnd_get_segment(operands_of(instr)[i]);
    if (segment == DR_SEG_FS) attributes |= ZYDIS_ATTRIB_HAS_SEGMENT_FS;
    if (segment == DR_SEG_GS) attributes |= ZYDIS_ATTRIB_HAS_SEGMENT_GS;
  }
  return attributes;
}

void fill_branch(int opcode, ZydisEncoderRequest& request) {
  const bool is_short =
      opcode == OP_jmp_short || (opcode >= OP_jo_short && opcode <= OP_jnle_short);
  const bool is_near =
      opcode == OP_jmp || opcode == OP_call || (opcode >= OP_jo && opcode <= OP_jnle);
  if (is_short) request.branch_type = ZYDIS_BRANCH_TYPE_SHORT;
  if (is_near || opcode == OP_jmp_ind || opcode == OP_call_ind || opcode == OP_ret) {
    request.branch_type = ZYDIS_BRANCH_TYPE_NEAR;
  }
  if (is_near && opcode != OP_call) request.branch_width = ZYDIS_BRANCH_WIDTH_32;
  if (opcode == OP_jmp_far_ind || opcode == OP_call_far_ind || opcode == OP_ret_far) {
    request.branch_type = ZYDIS_BRANCH_TYPE_FAR;
  }
}

// A stack operand of 16 bits asks for the prefix that makes it so; no explicit operand needs to
// show it.
bool has_short_stack(instr_t* instr) {
  for (int i = 0; i < instr->num_dsts + instr->num_srcs; ++i) {
    const opnd_t& opnd = operands_of(instr)[i];
    const reg_id_t base = opnd_get_base(opnd);
    if ((base == DR_REG_RSP || base == DR_REG_RBP) && opnd_get_size(opnd) == OPSZ_2) return true;
  }
  return false;
}

bool may_have_short_stack(int opcode) {
  return opcode == OP_push_imm || opcode == OP_push || opcode == OP_pop || opcode == OP_enter ||
         opcode == OP_leave;
}

// Operand sizes that only implicit operands show.
ZydisOperandSizeHint hint_of(instr_t* instr) {
  const opnd_t last = instr_get_src(instr, static_cast<uint>(std::max(0, instr->num_srcs - 1)));
  switch (instr->opcode) {
    case OP_pcmpestri:
    case OP_pcmpestrm:
    case OP_vpcmpestri:
    case OP_vpcmpestrm:
      return opnd_is_reg_64bit(last) ? ZYDIS_OPERAND_SIZE_HINT_64 : ZYDIS_OPERAND_SIZE_HINT_NONE;
    case OP_ret_far:
      switch (opnd_size_in_bytes(opnd_get_size(last))) {
        case 16:
          return ZYDIS_OPERAND_SIZE_HINT_64;
        case 4:
          return ZYDIS_OPERAND_SIZE_HINT_16;
        default:
          return ZYDIS_OPERAND_SIZE_HINT_32;
      }
    default:
      return ZYDIS_OPERAND_SIZE_HINT_NONE;
  }
}

// What does not depend on the order of operands.
ZydisEncoderRequest request_of(instr_t* instr) {
  ZydisEncoderRequest request{};
  request.machine_mode = ZYDIS_MACHINE_MODE_LONG_64;
  request.mnemonic = mnemonic_of(instr);
  request.prefixes = attributes_of(instr);
  fill_branch(static_cast<int>(instr->opcode), request);
  request.operand_size_hint = hint_of(instr);
  if (may_have_short_stack(static_cast<int>(instr->opcode)) && has_short_stack(instr)) {
    request.operand_size_hint = ZYDIS_OPERAND_SIZE_HINT_16;
  }
  if ((instr->prefixes & kPrefixAddress32) != 0)
    request.address_size_hint = ZYDIS_ADDRESS_SIZE_HINT_32;
  if ((instr->prefixes & kPrefixEvex) != 0 ||
      instr_has_encoding_hint(instr, DR_ENCODING_HINT_X86_EVEX)) {
    request.allowed_encodings = ZYDIS_ENCODABLE_ENCODING_EVEX;
  }
  request.evex.zeroing_mask = (instr->prefixes & kPrefixZeroing) != 0;
  request.evex.sae = (instr->prefixes & kPrefixSae) != 0;
  request.evex.broadcast = static_cast<ZydisBroadcastMode>((instr->prefixes & kPrefixBroadcast) >>
                                                           kPrefixBroadcastShift);
  request.evex.rounding =
      static_cast<ZydisRoundingMode>((instr->prefixes & kPrefixRounding) >> kPrefixRoundingShift);
  return request;
}

// Constants, and targets of jumps.
bool is_immediate(const opnd_t& opnd) {
  return opnd_is_immed_int(opnd) || opnd_is_pc(opnd) || opnd_is_instr(opnd);
}

// Takes the operands in the order of `signature`. False if instr has not what it asks for.
bool arrange(instr_t* instr, const Signature& signature, app_pc pc, bool sign, Naming naming,
             ZydisEncoderRequest& request) {
  request.operand_count = signature.operands;
  for (size_t i = 0; i < signature.operands; ++i) {
    const Signature::Role& role = signature.roles[i];
    const bool written = role.destination >= 0 && role.destination < instr->num_dsts;
    const bool read = role.source >= 0 && role.source < instr->num_srcs;
    if (!written && !read) return false;
    const opnd_t opnd =
        written ? destinations_of(instr)[role.destination] : sources_of(instr)[role.source];
    if (written && read && !opnd_same(opnd, sources_of(instr)[role.source]) && !opnd_is_reg(opnd))
      return false;
    if (written && read && opnd_is_reg(opnd) &&
        opnd_get_reg(opnd) != opnd_get_reg(sources_of(instr)[role.source])) {
      return false;
    }
    if (role.immediate != is_immediate(opnd)) return false;
    ZydisEncoderOperand& operand = request.operands[i];
    operand = {};
    if (!fill(opnd, instr, pc, sign, naming, operand)) return false;
  }
  return true;
}

bool attempt_once(const ZydisEncoderRequest& request, app_pc pc, Encoding& encoding) {
  ZydisEncoderRequest copy = request;  // the encoder makes its addresses relative
  ZyanUSize length = encoding.bytes.size();
  if (!ZYAN_SUCCESS(ZydisEncoderEncodeInstructionAbsolute(&copy, encoding.bytes.data(), &length,
                                                          reinterpret_cast<ZyanU64>(pc)))) {
    return false;
  }
  encoding.length = static_cast<uint8_t>(length);
  return true;
}

// Clients give memory whose size means nothing any size; the encoder wants its own.
bool attempt_sizes(ZydisEncoderRequest request, app_pc pc, Encoding& encoding) {
  ZydisEncoderOperand* const first = request.operands;
  ZydisEncoderOperand* const last = first + request.operand_count;
  ZydisEncoderOperand* const memory = std::find_if(
      first, last, [](const auto& operand) { return operand.type == ZYDIS_OPERAND_TYPE_MEMORY; });
  if (memory == last) return false;
  for (const ZyanU16 size : std::to_array<ZyanU16>({8, 4, 2, 1, 10, 16, 32, 64, 576, 2696})) {
    memory->mem.size = size;
    if (attempt_once(request, pc, encoding)) return true;
  }
  return false;
}

// A fourth register may have its number in the immediate.
bool attempt_is4(ZydisEncoderRequest request, app_pc pc, Encoding& encoding) {
  for (const size_t i : {3U, 2U}) {
    ZydisEncoderOperand& operand = request.operands[i];
    if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) continue;
    operand.reg.is4 = ZYAN_TRUE;
    if (attempt_once(request, pc, encoding)) return true;
    operand.reg.is4 = ZYAN_FALSE;
  }
  return false;
}

// Memory of one element stands for a vector of it.
bool attempt_broadcast(ZydisEncoderRequest request, app_pc pc, Encoding& encoding) {
  const auto is_element = [](const ZydisEncoderOperand& operand) {
    return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.size >= 2 &&
           operand.mem.size <= 8;
  };
  ZydisEncoderOperand* const last = request.operands + request.operand_count;
  if (request.evex.broadcast != ZYDIS_BROADCAST_MODE_INVALID ||
      std::none_of(request.operands, last, is_element)) {
    return false;
  }
  for (const auto mode :
       {ZYDIS_BROADCAST_MODE_1_TO_2, ZYDIS_BROADCAST_MODE_1_TO_4, ZYDIS_BROADCAST_MODE_1_TO_8,
        ZYDIS_BROADCAST_MODE_1_TO_16, ZYDIS_BROADCAST_MODE_1_TO_32}) {
    request.evex.broadcast = mode;
    if (attempt_once(request, pc, encoding)) return true;
  }
  return false;
}

bool is_of_any_size(instr_t* instr) {
  switch (instr->opcode) {
    case OP_unpcklps:
    case OP_unpcklpd:
    case OP_cvtps2pi:
    case OP_cvttps2pi:
    case OP_clflush:
    case OP_clflushopt:
    case OP_clwb:
      return true;
    default:
      break;
  }
  for (int i = 0; i < instr->num_dsts + instr->num_srcs; ++i) {
    const opnd_t& opnd = operands_of(instr)[i];
    if (is_memory(opnd) && opnd_size_in_bytes(opnd.size) == 0) return true;
  }
  return false;
}

bool attempt(instr_t* instr, const ZydisEncoderRequest& request, app_pc pc, Encoding& encoding) {
  if (attempt_once(request, pc, encoding)) return true;
  if (request.operand_count >= 4 && attempt_is4(request, pc, encoding)) return true;
  if (attempt_broadcast(request, pc, encoding)) return true;
  return is_of_any_size(instr) && attempt_sizes(request, pc, encoding);
}

// The encoder prefers forms for the accumulator whose address a prefix shortens, which stalls the
// decoder; and a hint for a no-op. The usual forms are made with another register, whose number is
// then taken out.
bool encode_usual_form(instr_t* instr, ZydisEncoderRequest request, app_pc pc, Encoding& encoding) {
  const bool is_nop = request.mnemonic == ZYDIS_MNEMONIC_NOP && instr->opcode == OP_nop_modrm;
  ZydisEncoderOperand* const first = request.operands;
  ZydisEncoderOperand* const last = first + request.operand_count;
  const auto is_absolute = [](const ZydisEncoderOperand& operand) {
    return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.base == ZYDIS_REGISTER_NONE &&
           operand.mem.index == ZYDIS_REGISTER_NONE &&
           operand.mem.displacement == static_cast<int32_t>(operand.mem.displacement);
  };
  if (!is_nop && (request.mnemonic != ZYDIS_MNEMONIC_MOV || std::none_of(first, last, is_absolute)))
    return false;
  for (ZydisEncoderOperand* operand = first; !is_nop && operand != last; ++operand) {
    if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER) continue;
    switch (operand->reg.value) {
      case ZYDIS_REGISTER_AL:
        operand->reg.value = ZYDIS_REGISTER_DL;
        break;
      case ZYDIS_REGISTER_AX:
        operand->reg.value = ZYDIS_REGISTER_DX;
        break;
      case ZYDIS_REGISTER_EAX:
        operand->reg.value = ZYDIS_REGISTER_EDX;
        break;
      case ZYDIS_REGISTER_RAX:
        operand->reg.value = ZYDIS_REGISTER_RDX;
        break;
      default:
        return false;
    }
  }
  Decoding decoding;
  if (!attempt_once(request, pc, encoding) || !decode_bytes(encoding.bytes.data(), decoding))
    return false;
  const uint8_t modrm = decoding.instruction.raw.modrm.offset;
  if (modrm == 0) return false;
  encoding.bytes[modrm] &= 0xc7;
  if (is_nop) encoding.bytes[modrm - 1] = 0x1f;
  return true;
}

// The encoder takes the byte of the no-op for it, which leaves the upper half as it is.
bool encode_xchg_of_eax(instr_t* instr, Encoding& encoding) {
  const auto is_eax = [](const opnd_t& opnd) { return opnd_get_reg(opnd) == DR_REG_EAX; };
  if (instr->opcode != OP_xchg ||
      !std::all_of(operands_of(instr), operands_of(instr) + instr->num_dsts, is_eax)) {
    return false;
  }
  encoding.bytes[0] = 0x87;
  encoding.bytes[1] = 0xc0;
  encoding.length = 2;
  return true;
}

bool encode_operands(instr_t* instr, app_pc pc, Naming naming, Encoding& encoding) {
  ZydisEncoderRequest request = request_of(instr);
  // Signatures of just its counts first, then those whose operands it has all the same; of each the
  // longest first, because what a shorter one leaves out is implicit.
  for (const bool exact : {true, false}) {
    const std::span<const Signature> signatures = signatures_of(request.mnemonic);
    for (size_t i = signatures.size(); i-- > 0;) {
      const Signature& signature = signatures[i];
      const bool same =
          signature.destinations == instr->num_dsts && signature.sources == instr->num_srcs;
      if (same != exact) continue;
      for (const bool sign : {true, false}) {
        if (!arrange(instr, signature, pc, sign, naming, request)) continue;
        if (encode_usual_form(instr, request, pc, encoding)) return true;
        if (attempt(instr, request, pc, encoding)) return true;
      }
    }
  }
  return false;
}

bool has_fixed_address(instr_t* instr) {
  const opnd_t* const first = operands_of(instr);
  return std::any_of(first, first + instr->num_dsts + instr->num_srcs, [](const opnd_t& opnd) {
    return opnd_is_rel_addr(opnd) || opnd_is_abs_addr(opnd);
  });
}

// Whether its bits mean another thing elsewhere.
bool depends_on_place(instr_t* instr) {
  if (!know_operands(instr)) return false;
  for (int i = 0; i < instr->num_dsts + instr->num_srcs; ++i) {
    const opnd_t& opnd = operands_of(instr)[i];
    if (opnd_is_rel_addr(opnd) || opnd_is_pc(opnd)) return true;
  }
  return false;
}

}  // namespace

bool encode(instr_t* instr, app_pc pc, Encoding& encoding) {
  encoding.length = 0;
  if (instr_is_label(instr)) return true;
  if (has(instr, kRawValid) && (pc == instr->bytes || !depends_on_place(instr))) {
    if (instr->length > encoding.bytes.size()) return false;
    std::memcpy(encoding.bytes.data(), instr->bytes, instr->length);
    encoding.length = static_cast<uint8_t>(instr->length);
    return true;
  }
  if (!know_operands(instr)) return false;
  if (encode_xchg_of_eax(instr, encoding)) return true;
  if (encode_operands(instr, pc, Naming::kAsGiven, encoding)) return true;
  // What does not reach as the client has named it may reach as the other.
  return has_fixed_address(instr) && encode_operands(instr, pc, Naming::kOtherwise, encoding);
}

}  // namespace weft::dynamorio
