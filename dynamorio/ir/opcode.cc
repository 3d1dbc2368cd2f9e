#include "ir/opcode.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "dr_ir_decode.h"
#include "dr_ir_opcodes.h"

namespace weft::dynamorio {
namespace {

constexpr OpcodeRow kRows[] = {
    {"<invalid>", ZYDIS_MNEMONIC_INVALID, false, 0, ZYDIS_ISA_SET_INVALID, 0},
    {"<undecoded>", ZYDIS_MNEMONIC_INVALID, false, 0, ZYDIS_ISA_SET_INVALID, 0},
    {"<contd>", ZYDIS_MNEMONIC_INVALID, false, 0, ZYDIS_ISA_SET_INVALID, 0},
    {"<label>", ZYDIS_MNEMONIC_INVALID, false, 0, ZYDIS_ISA_SET_INVALID, 0},
#define ROW(opcode, shown, mnemonic, reads_destination, eflags, isa_set, first_byte) \
  {shown,  static_cast<ZydisMnemonic>(mnemonic), reads_destination,                  \
   eflags, static_cast<ZydisISASet>(isa_set),    first_byte},
#include "opcode_table.inc"
#undef ROW
};
static_assert(std::size(kRows) == OP_AFTER_LAST);

struct MnemonicRow {
  ZydisMnemonic mnemonic;
  int opcode;
};

constexpr MnemonicRow kMnemonics[] = {
#define MNEMONIC(mnemonic, opcode) {static_cast<ZydisMnemonic>(mnemonic), OP_##opcode},
#include "opcode_table.inc"
#undef MNEMONIC
};

// By mnemonic.
constexpr auto kOpcodes = [] {
  std::array<int, ZYDIS_MNEMONIC_MAX_VALUE + 1> opcodes{};
  for (const MnemonicRow& row : kMnemonics) opcodes[static_cast<size_t>(row.mnemonic)] = row.opcode;
  return opcodes;
}();

bool is_far(const ZydisDecodedInstruction& instruction) {
  return instruction.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
}

// Moves: by their bytes.
int move_of(const ZydisDecodedInstruction& instruction) {
  if (instruction.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT) return OP_mov_priv;
  switch (instruction.opcode) {
    case 0x88:
    case 0x89:
    case 0xa2:
    case 0xa3:
    case 0xc6:
    case 0xc7:
      return OP_mov_st;
    case 0x8c:
    case 0x8e:
      return OP_mov_seg;
    case 0x8a:
    case 0x8b:
    case 0xa0:
    case 0xa1:
      return OP_mov_ld;
    default:
      return OP_mov_imm;
  }
}

int jump_of(const ZydisDecodedInstruction& instruction, bool direct) {
  if (!direct) return is_far(instruction) ? OP_jmp_far_ind : OP_jmp_ind;
  if (is_far(instruction)) return OP_jmp_far;
  return instruction.meta.branch_type == ZYDIS_BRANCH_TYPE_SHORT ? OP_jmp_short : OP_jmp;
}

int call_of(const ZydisDecodedInstruction& instruction, bool direct) {
  if (!direct) return is_far(instruction) ? OP_call_far_ind : OP_call_ind;
  return is_far(instruction) ? OP_call_far : OP_call;
}

// String instructions: the plain, the rep and the repne form.
int string_of(const ZydisDecodedInstruction& instruction, int plain, int rep, int repne) {
  if ((instruction.attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE)) != 0) return rep;
  return (instruction.attributes & ZYDIS_ATTRIB_HAS_REPNE) != 0 ? repne : plain;
}

int string_of_opcode(const ZydisDecodedInstruction& instruction, int opcode) {
  switch (opcode) {
    case OP_ins:
      return string_of(instruction, OP_ins, OP_rep_ins, OP_rep_ins);
    case OP_outs:
      return string_of(instruction, OP_outs, OP_rep_outs, OP_rep_outs);
    case OP_movs:
      return string_of(instruction, OP_movs, OP_rep_movs, OP_rep_movs);
    case OP_stos:
      return string_of(instruction, OP_stos, OP_rep_stos, OP_rep_stos);
    case OP_lods:
      return string_of(instruction, OP_lods, OP_rep_lods, OP_rep_lods);
    case OP_cmps:
      return string_of(instruction, OP_cmps, OP_rep_cmps, OP_repne_cmps);
    case OP_scas:
      return string_of(instruction, OP_scas, OP_rep_scas, OP_repne_scas);
    default:
      return opcode;
  }
}

constexpr Signature kSignatures[] = {
#define SIGNATURE(mnemonic, destinations, sources, operands, ...) \
  {static_cast<ZydisMnemonic>(mnemonic), destinations, sources, operands, __VA_ARGS__},
#include "opcode_table.inc"
#undef SIGNATURE
};

// Between a general register or memory and a vector register: movd, whatever the width.
bool is_movd(const ZydisDecodedInstruction& instruction) {
  if (instruction.opcode == 0x6e) return true;
  if (instruction.opcode != 0x7e) return false;
  const auto is_repe = [](const auto& prefix) { return prefix.value == 0xf3; };
  return std::none_of(instruction.raw.prefixes,
                      instruction.raw.prefixes + instruction.raw.prefix_count, is_repe);
}

}  // namespace

std::span<const Signature> signatures_of(ZydisMnemonic mnemonic) {
  const Signature* const first = std::lower_bound(
      std::begin(kSignatures), std::end(kSignatures), mnemonic,
      [](const Signature& signature, ZydisMnemonic wanted) { return signature.mnemonic < wanted; });
  const Signature* last = first;
  while (last != std::end(kSignatures) && last->mnemonic == mnemonic) ++last;
  return {first, last};
}

const OpcodeRow& row_of(int opcode) {
  return kRows[opcode < 0 || opcode >= OP_AFTER_LAST ? static_cast<size_t>(OP_INVALID)
                                                     : static_cast<size_t>(opcode)];
}

int opcode_of(const ZydisDecodedInstruction& instruction, const ZydisDecodedOperand* operands) {
  const int opcode = kOpcodes[static_cast<size_t>(instruction.mnemonic)];
  const bool legacy_byte = instruction.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
                           instruction.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY;
  const bool direct = operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE ||
                      operands[0].type == ZYDIS_OPERAND_TYPE_POINTER;
  switch (instruction.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
      return move_of(instruction);
    case ZYDIS_MNEMONIC_JMP:
      return jump_of(instruction, direct);
    case ZYDIS_MNEMONIC_CALL:
      return call_of(instruction, direct);
    case ZYDIS_MNEMONIC_RET:
      return is_far(instruction) ? OP_ret_far : OP_ret;
    case ZYDIS_MNEMONIC_PUSH:
      return direct ? OP_push_imm : OP_push;
    case ZYDIS_MNEMONIC_MOVQ:
      return is_movd(instruction) ? OP_movd : OP_movq;
    case ZYDIS_MNEMONIC_NOP:
      return legacy_byte ? OP_nop : OP_nop_modrm;
    case ZYDIS_MNEMONIC_MOVSD:
      return legacy_byte ? string_of_opcode(instruction, OP_movs) : OP_movsd;
    case ZYDIS_MNEMONIC_CMPSD:
      return legacy_byte ? string_of_opcode(instruction, OP_cmps) : OP_cmpsd;
    default:
      break;
  }
  if (legacy_byte && instruction.opcode >= 0x70 && instruction.opcode <= 0x7f) {
    return OP_jo_short + (instruction.opcode - 0x70);
  }
  return legacy_byte ? string_of_opcode(instruction, opcode) : opcode;
}

}  // namespace weft::dynamorio

const char* decode_opcode_name(int opcode) { return weft::dynamorio::row_of(opcode).shown; }

byte decode_first_opcode_byte(int opcode) { return weft::dynamorio::row_of(opcode).first_byte; }
