// Opcodes that stand for several mnemonics: operands tell which.
#include "dr_ir_opcodes.h"
#include "ir/encode.h"
#include "ir/instruction.h"
#include "ir/opcode.h"

namespace weft::dynamorio {
namespace {

// The size of the first operand that is memory, or 0.
uint memory_size(instr_t* instr) {
  for (int i = 0; i < instr->num_dsts + instr->num_srcs; ++i) {
    const opnd_t opnd = operands_of(instr)[i];
    if (opnd_is_memory_reference(opnd)) return opnd_size_in_bytes(opnd_get_size(opnd));
  }
  return 0;
}

uint destination_size(instr_t* instr) {
  return opnd_size_in_bytes(opnd_get_size(instr_get_dst(instr, 0)));
}

struct BySize {
  ZydisMnemonic one;
  ZydisMnemonic two;
  ZydisMnemonic four;
  ZydisMnemonic eight;
};

ZydisMnemonic choose(const BySize& by_size, uint bytes) {
  switch (bytes) {
    case 1:
      return by_size.one;
    case 2:
      return by_size.two;
    case 8:
      return by_size.eight;
    default:
      return by_size.four;
  }
}

bool has_memory(instr_t* instr) { return memory_size(instr) != 0; }

bool has_quadword(instr_t* instr) {
  for (int i = 0; i < instr->num_dsts + instr->num_srcs; ++i) {
    const opnd_t opnd = operands_of(instr)[i];
    if (opnd_is_reg_64bit(opnd) ||
        (opnd_is_memory_reference(opnd) && opnd_get_size(opnd) == OPSZ_8))
      return true;
  }
  return false;
}

constexpr BySize kMovs = {ZYDIS_MNEMONIC_MOVSB, ZYDIS_MNEMONIC_MOVSW, ZYDIS_MNEMONIC_MOVSD,
                          ZYDIS_MNEMONIC_MOVSQ};
constexpr BySize kCmps = {ZYDIS_MNEMONIC_CMPSB, ZYDIS_MNEMONIC_CMPSW, ZYDIS_MNEMONIC_CMPSD,
                          ZYDIS_MNEMONIC_CMPSQ};
constexpr BySize kStos = {ZYDIS_MNEMONIC_STOSB, ZYDIS_MNEMONIC_STOSW, ZYDIS_MNEMONIC_STOSD,
                          ZYDIS_MNEMONIC_STOSQ};
constexpr BySize kLods = {ZYDIS_MNEMONIC_LODSB, ZYDIS_MNEMONIC_LODSW, ZYDIS_MNEMONIC_LODSD,
                          ZYDIS_MNEMONIC_LODSQ};
constexpr BySize kScas = {ZYDIS_MNEMONIC_SCASB, ZYDIS_MNEMONIC_SCASW, ZYDIS_MNEMONIC_SCASD,
                          ZYDIS_MNEMONIC_SCASQ};
constexpr BySize kIns = {ZYDIS_MNEMONIC_INSB, ZYDIS_MNEMONIC_INSW, ZYDIS_MNEMONIC_INSD,
                         ZYDIS_MNEMONIC_INSD};
constexpr BySize kOuts = {ZYDIS_MNEMONIC_OUTSB, ZYDIS_MNEMONIC_OUTSW, ZYDIS_MNEMONIC_OUTSD,
                          ZYDIS_MNEMONIC_OUTSD};
constexpr BySize kWiden = {ZYDIS_MNEMONIC_CBW, ZYDIS_MNEMONIC_CBW, ZYDIS_MNEMONIC_CWDE,
                           ZYDIS_MNEMONIC_CDQE};
constexpr BySize kSign = {ZYDIS_MNEMONIC_CWD, ZYDIS_MNEMONIC_CWD, ZYDIS_MNEMONIC_CDQ,
                          ZYDIS_MNEMONIC_CQO};
constexpr BySize kPopf = {ZYDIS_MNEMONIC_POPF, ZYDIS_MNEMONIC_POPF, ZYDIS_MNEMONIC_POPFQ,
                          ZYDIS_MNEMONIC_POPFQ};
constexpr BySize kPushf = {ZYDIS_MNEMONIC_PUSHF, ZYDIS_MNEMONIC_PUSHF, ZYDIS_MNEMONIC_PUSHFQ,
                           ZYDIS_MNEMONIC_PUSHFQ};

ZydisMnemonic string_of(int opcode, uint bytes) {
  switch (opcode) {
    case OP_movs:
    case OP_rep_movs:
      return choose(kMovs, bytes);
    case OP_cmps:
    case OP_rep_cmps:
    case OP_repne_cmps:
      return choose(kCmps, bytes);
    case OP_stos:
    case OP_rep_stos:
      return choose(kStos, bytes);
    case OP_lods:
    case OP_rep_lods:
      return choose(kLods, bytes);
    case OP_scas:
    case OP_rep_scas:
    case OP_repne_scas:
      return choose(kScas, bytes);
    case OP_ins:
    case OP_rep_ins:
      return choose(kIns, bytes);
    default:
      return choose(kOuts, bytes);
  }
}

ZydisMnemonic iret_of(uint bytes) {
  if (bytes == 6 || bytes == 10) return ZYDIS_MNEMONIC_IRET;
  return bytes == 12 || bytes == 20 ? ZYDIS_MNEMONIC_IRETD : ZYDIS_MNEMONIC_IRETQ;
}

}  // namespace

ZydisMnemonic mnemonic_of(instr_t* instr) {
  const auto opcode = static_cast<int>(instr->opcode);
  const ZydisMnemonic usual = row_of(opcode).mnemonic;
  if (opcode >= OP_ins && opcode <= OP_repne_scas) return string_of(opcode, memory_size(instr));
  switch (opcode) {
    case OP_cwde:
      return choose(kWiden, destination_size(instr));
    case OP_cdq:
      return choose(kSign, destination_size(instr));
    case OP_popf:
      return choose(kPopf, memory_size(instr));
    case OP_pushf:
      return choose(kPushf, memory_size(instr));
    case OP_iret:
      return iret_of(memory_size(instr));
    case OP_jecxz:
      return opnd_is_reg_32bit(instr_get_src(instr, 1)) ? ZYDIS_MNEMONIC_JECXZ
                                                        : ZYDIS_MNEMONIC_JRCXZ;
    case OP_cmpxchg8b:
      return memory_size(instr) == 16 ? ZYDIS_MNEMONIC_CMPXCHG16B : usual;
    case OP_pextrd:
      return has_quadword(instr) ? ZYDIS_MNEMONIC_PEXTRQ : usual;
    case OP_pinsrd:
      return has_quadword(instr) ? ZYDIS_MNEMONIC_PINSRQ : usual;
    case OP_vpextrd:
      return has_quadword(instr) ? ZYDIS_MNEMONIC_VPEXTRQ : usual;
    case OP_vpinsrd:
      return has_quadword(instr) ? ZYDIS_MNEMONIC_VPINSRQ : usual;
    case OP_movd:
      return has_quadword(instr) ? ZYDIS_MNEMONIC_MOVQ : usual;
    case OP_movlps:
      return has_memory(instr) ? usual : ZYDIS_MNEMONIC_MOVHLPS;
    case OP_movhps:
      return has_memory(instr) ? usual : ZYDIS_MNEMONIC_MOVLHPS;
    case OP_vmovlps:
      return has_memory(instr) ? usual : ZYDIS_MNEMONIC_VMOVHLPS;
    case OP_vmovhps:
      return has_memory(instr) ? usual : ZYDIS_MNEMONIC_VMOVLHPS;
    case OP_nop_modrm:
      return instr->num_srcs == 0 ? ZYDIS_MNEMONIC_ENDBR64 : usual;
    default:
      return usual;
  }
}

}  // namespace weft::dynamorio
