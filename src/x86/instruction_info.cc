#include "x86/instruction_info.h"

#include <Zydis/Zydis.h>

#include <array>
#include <optional>

namespace weft::x86 {
namespace {

struct Decoded {
  ZydisDecodedInstruction insn;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
};

ZydisDecoder make_decoder() {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  return decoder;
}

std::optional<Decoded> decode_whole(const uint8_t* bytes, size_t available) {
  static const ZydisDecoder decoder = make_decoder();
  Decoded decoded;
  const bool good = ZYAN_SUCCESS(
      ZydisDecoderDecodeFull(&decoder, bytes, available, &decoded.insn, decoded.operands.data()));
  return good ? std::optional(decoded) : std::nullopt;
}

uint8_t general_register(ZydisRegister reg) {
  switch (ZydisRegisterGetClass(reg)) {
    case ZYDIS_REGCLASS_GPR8:
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64: {
      const auto whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
      return static_cast<uint8_t>(ZydisRegisterGetId(whole));
    }
    default:
      return kNoRegister;
  }
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

MemoryOperand memory_of(const Decoded& decoded, const ZydisDecodedOperand& operand, AppPc pc) {
  MemoryOperand memory;
  const auto& mem = operand.mem;
  memory.displacement = mem.disp.value;
  memory.fs = mem.segment == ZYDIS_REGISTER_FS;
  memory.gs = mem.segment == ZYDIS_REGISTER_GS;
  memory.narrow = decoded.insn.address_width == 32;
  if (mem.base == ZYDIS_REGISTER_RIP || mem.base == ZYDIS_REGISTER_EIP) {
    memory.displacement += static_cast<int64_t>(pc.value + decoded.insn.length);
  } else {
    memory.base = general_register(mem.base);
  }
  memory.index = general_register(mem.index);
  memory.scale = mem.scale;
  // What is pushed goes below the stack pointer.
  const bool hidden = operand.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
  if (hidden && memory.base == kRsp && (operand.actions & ZYDIS_OPERAND_ACTION_WRITE) != 0) {
    memory.displacement -= operand.size / 8;
  }
  return memory;
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
      info.register_name = ZydisRegisterGetString(operand.reg.value);
      break;
    case ZYDIS_OPERAND_TYPE_MEMORY:
      info.kind = OperandInfo::Kind::kMemory;
      info.memory = memory_of(decoded, operand, pc);
      info.vector_index = operand.mem.type == ZYDIS_MEMOP_TYPE_VSIB;
      // A no-op's operand makes it long, and is not accessed.
      if (operand.mem.type == ZYDIS_MEMOP_TYPE_AGEN ||
          decoded.insn.mnemonic == ZYDIS_MNEMONIC_NOP) {
        info.read = info.written = false;
      }
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
  info.registers_read |= bit(operand.memory.base);
  info.registers_read |= bit(operand.memory.index);
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
  info.mnemonic = ZydisMnemonicGetString(decoded->insn.mnemonic);
  info.category = ZydisCategoryGetString(decoded->insn.meta.category);
  info.isa_set = ZydisISASetGetString(decoded->insn.meta.isa_set);
  info.flags = flags_of(*decoded);
  for (size_t at = 0; at < decoded->insn.operand_count; ++at) {
    info.operands.push_back(operand_of(*decoded, decoded->operands[at], pc));
    note_registers(info, info.operands.back());
  }
  return info;
}

}  // namespace weft::x86
