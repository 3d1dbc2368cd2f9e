#include "x86/instruction_info.h"

#include <array>
#include <optional>

#include "x86/memory_info.h"
#include "x86/zydis.h"

namespace weft::x86 {
namespace {

std::optional<Decoded> decode_whole(const uint8_t* bytes, size_t available) {
  Decoded decoded;
  const bool good = ZYAN_SUCCESS(Zydis::get().decode(&Zydis::decoder(), bytes, available,
                                                     &decoded.insn, decoded.operands.data()));
  return good ? std::optional(decoded) : std::nullopt;
}

/// Shifts by a count of 0 and repetitions of 0 leave the flags as they are.
bool may_do_nothing(const Decoded& decoded) {
  const ZydisInstructionCategory category = decoded.insn.meta.category;
  if ((decoded.insn.attributes &
       (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) != 0) {
    return true;
  }
  return category == ZYDIS_CATEGORY_SHIFT || category == ZYDIS_CATEGORY_ROTATE;
}

FlagUse flags_of(const Decoded& decoded) {
  const ZydisAccessedFlags& flags = *decoded.insn.cpu_flags;
  FlagUse use;
  use.read = flags.tested;
  use.written = flags.modified | flags.set_0 | flags.set_1 | flags.undefined;
  if (!may_do_nothing(decoded)) use.overwritten = use.written;
  return use;
}

OperandInfo operand_of(const Decoded& decoded, const ZydisDecodedOperand& operand, AppPc pc) {
  OperandInfo info;
  info.read = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
  info.written = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
  info.implicit = operand.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
  info.size = static_cast<uint16_t>(operand.size / 8);
  switch (operand.type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
      info.kind = OperandInfo::Kind::kRegister;
      info.general_register = general_register(operand.reg.value);
      info.register_name = Zydis::get().register_name(operand.reg.value);
      break;
    case ZYDIS_OPERAND_TYPE_MEMORY:
      note_memory(decoded, operand, pc, info);
      break;
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
      info.kind = OperandInfo::Kind::kImmediate;
      info.immediate = operand.imm.value.s;
      if (operand.imm.is_relative) {
        info.immediate += static_cast<int64_t>(pc.value + decoded.insn.length);
      }
      break;
    default:
      break;
  }
  return info;
}

void note_registers(InstructionInfo& info, const OperandInfo& operand) {
  const auto bit = [](uint8_t reg) {
    return static_cast<uint16_t>(reg == kNoRegister ? 0 : 1u << reg);
  };
  if (operand.read) info.registers_read |= bit(operand.general_register);
  if (operand.written) info.registers_written |= bit(operand.general_register);
  if (operand.kind != OperandInfo::Kind::kMemory) return;
  info.registers_read |= operand.memory.registers();
}

}  // namespace

FlagUse flag_use(const uint8_t* bytes, size_t available) {
  const std::optional<Decoded> decoded = decode_whole(bytes, available);
  if (!decoded) return {~0u, ~0u, 0};
  return flags_of(*decoded);
}

InstructionInfo describe(const uint8_t* bytes, size_t available, AppPc pc) {
  InstructionInfo info;
  const std::optional<Decoded> decoded = decode_whole(bytes, available);
  if (!decoded) {
    info.flags = {~0u, ~0u, 0};
    return info;
  }
  info.mnemonic = Zydis::get().mnemonic(decoded->insn.mnemonic);
  info.category = Zydis::get().category_name(decoded->insn.meta.category);
  info.isa_set = Zydis::get().isa_set_name(decoded->insn.meta.isa_set);
  info.flags = flags_of(*decoded);
  for (size_t at = 0; at < decoded->insn.operand_count; ++at) {
    info.operands.push_back(operand_of(*decoded, decoded->operands[at], pc));
    note_registers(info, info.operands.back());
  }
  add_hidden_memory(*decoded, info.operands);
  return info;
}

}  // namespace weft::x86
