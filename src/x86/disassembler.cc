#include "x86/disassembler.h"

#include <array>

#include "x86/memory_info.h"
#include "x86/zydis.h"

namespace weft::x86 {
namespace {

ZydisFormatter make_formatter() {
  ZydisFormatter formatter;
  Zydis::get().init_formatter(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
  return formatter;
}

void note_register(Details& details, ZydisRegister reg) {
  if (const uint8_t number = general_register(reg); number != kNoRegister) {
    details.registers = static_cast<uint16_t>(details.registers | 1u << number);
  }
}

void note_register_operand(Details& details, const ZydisDecodedOperand& operand) {
  note_register(details, operand.reg.value);
  if (general_register(operand.reg.value) != kRcx) return;
  if (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) details.reads_rcx = true;
  const bool whole =
      operand.reg.value == ZYDIS_REGISTER_ECX || operand.reg.value == ZYDIS_REGISTER_RCX;
  if (whole && (operand.actions & ZYDIS_OPERAND_ACTION_WRITE)) details.overwrites_rcx = true;
}

void note_memory_operand(Details& details, const ZydisDecodedOperand& operand) {
  note_register(details, operand.mem.base);
  note_register(details, operand.mem.index);
  if (general_register(operand.mem.base) == kRcx || general_register(operand.mem.index) == kRcx) {
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

Status load_disassembler() {
  const Result<const Zydis*> loaded = Zydis::load();
  if (!loaded) return loaded.error();
  return Unit{};
}

Disassembled disassemble(const uint8_t* bytes, size_t available, AppPc pc) {
  static const ZydisFormatter formatter = make_formatter();
  ZydisDecodedInstruction insn;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
  if (!ZYAN_SUCCESS(
          Zydis::get().decode(&Zydis::decoder(), bytes, available, &insn, operands.data()))) {
    return {"(bad)", 1};
  }
  std::array<char, 256> text = {};
  if (!ZYAN_SUCCESS(Zydis::get().format(&formatter, &insn, operands.data(),
                                        insn.operand_count_visible, text.data(), text.size(),
                                        pc.value, nullptr))) {
    return {"(unprintable)", insn.length};
  }
  return {text.data(), insn.length};
}

std::optional<Details> inspect(const uint8_t* bytes, size_t available) {
  ZydisDecodedInstruction insn;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
  if (!ZYAN_SUCCESS(
          Zydis::get().decode(&Zydis::decoder(), bytes, available, &insn, operands.data()))) {
    return std::nullopt;
  }
  if (is_knights_corner(insn)) return std::nullopt;
  Details details;
  details.length = insn.length;
  details.mnemonic = Zydis::get().mnemonic(insn.mnemonic);
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
