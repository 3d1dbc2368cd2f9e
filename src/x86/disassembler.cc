#include "x86/disassembler.h"

#include <Zydis/Zydis.h>

#include <array>

namespace weft::x86 {
namespace {

ZydisDecoder make_decoder() {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  return decoder;
}

const ZydisDecoder& decoder() {
  static const ZydisDecoder instance = make_decoder();
  return instance;
}

ZydisFormatter make_formatter() {
  ZydisFormatter formatter;
  ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
  return formatter;
}

/// The number of the general register that `reg` is part of, or -1.
int gpr_number(ZydisRegister reg) {
  switch (ZydisRegisterGetClass(reg)) {
    case ZYDIS_REGCLASS_GPR8:
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64: {
      const auto whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
      return ZydisRegisterGetId(whole);
    }
    default:
      return -1;
  }
}

void note_register(Details& details, ZydisRegister reg) {
  if (const int number = gpr_number(reg); number >= 0) {
    details.registers = static_cast<uint16_t>(details.registers | 1u << number);
  }
}

void note_register_operand(Details& details, const ZydisDecodedOperand& operand) {
  note_register(details, operand.reg.value);
  if (gpr_number(operand.reg.value) != 1) return;
  if (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) details.reads_rcx = true;
  const bool whole =
      operand.reg.value == ZYDIS_REGISTER_ECX || operand.reg.value == ZYDIS_REGISTER_RCX;
  if (whole && (operand.actions & ZYDIS_OPERAND_ACTION_WRITE)) details.overwrites_rcx = true;
}

void note_memory_operand(Details& details, const ZydisDecodedOperand& operand) {
  note_register(details, operand.mem.base);
  note_register(details, operand.mem.index);
  if (gpr_number(operand.mem.base) == 1 || gpr_number(operand.mem.index) == 1) {
    details.reads_rcx = true;
  }
  if (operand.mem.base == ZYDIS_REGISTER_RIP || operand.mem.base == ZYDIS_REGISTER_EIP) {
    details.rip_relative = true;
  }
  details.fs |= operand.mem.segment == ZYDIS_REGISTER_FS;
  details.gs |= operand.mem.segment == ZYDIS_REGISTER_GS;
}

/// Zydis accepts the instructions of an accelerator that never was a Linux CPU.
bool is_knights_corner(const ZydisDecodedInstruction& insn) {
  const ZydisISASet set = insn.meta.isa_set;
  return insn.encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX ||
         (set >= ZYDIS_ISA_SET_KNCE && set <= ZYDIS_ISA_SET_KNC_PF_HINT);
}

}  // namespace

Disassembled disassemble(const uint8_t* bytes, size_t available, AppPc pc) {
  static const ZydisFormatter formatter = make_formatter();
  ZydisDecodedInstruction insn;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder(), bytes, available, &insn, operands.data()))) {
    return {"(bad)", 1};
  }
  std::array<char, 256> text = {};
  if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &insn, operands.data(),
                                                    insn.operand_count_visible, text.data(),
                                                    text.size(), pc.value, nullptr))) {
    return {"(unprintable)", insn.length};
  }
  return {text.data(), insn.length};
}

std::optional<Details> inspect(const uint8_t* bytes, size_t available) {
  ZydisDecodedInstruction insn;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder(), bytes, available, &insn, operands.data()))) {
    return std::nullopt;
  }
  if (is_knights_corner(insn)) return std::nullopt;
  Details details;
  details.length = insn.length;
  details.mnemonic = ZydisMnemonicGetString(insn.mnemonic);
  details.is_far = insn.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
  details.disp_offset = insn.raw.disp.offset;
  details.disp_size = insn.raw.disp.size / 8;
  details.disp = insn.raw.disp.value;
  for (const auto& imm : insn.raw.imm) {
    details.imm_bytes = static_cast<uint8_t>(details.imm_bytes + imm.size / 8);
    if (imm.is_relative) {
      details.has_relative_target = true;
      details.rel = imm.value.s;
    }
  }
  for (size_t at = 0; at < insn.operand_count; ++at) {
    const ZydisDecodedOperand& operand = operands[at];
    if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER) note_register_operand(details, operand);
    if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY) note_memory_operand(details, operand);
  }
  return details;
}

}  // namespace weft::x86
