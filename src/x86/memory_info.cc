#include "x86/memory_info.h"

#include <algorithm>
#include <string_view>

namespace weft::x86 {
namespace {

using Form = AccessForm::Kind;
using Mask = AccessForm::Mask;

constexpr unsigned kByteBits = 8;

bool is_bit_test(ZydisMnemonic mnemonic) {
  return mnemonic == ZYDIS_MNEMONIC_BT || mnemonic == ZYDIS_MNEMONIC_BTC ||
         mnemonic == ZYDIS_MNEMONIC_BTR || mnemonic == ZYDIS_MNEMONIC_BTS;
}

void note_mover(const Decoded& decoded, MemoryOperand& memory) {
  if (decoded.insn.mnemonic == ZYDIS_MNEMONIC_XLAT) {
    memory.moved_by = kRax;
    memory.moved_unit = 1;
  }
  const ZydisDecodedOperand& number = decoded.operands[1];
  if (is_bit_test(decoded.insn.mnemonic) && number.type == ZYDIS_OPERAND_TYPE_REGISTER) {
    memory.moved_by = general_register(number.reg.value);
    memory.moved_unit = static_cast<uint8_t>(number.size / kByteBits);
  }
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
  const bool hidden = operand.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
  const bool on_stack = hidden && (memory.base == kRsp || memory.base == kRbp);
  if (on_stack) memory.narrow = false;
  if (memory.base == kRsp && (operand.actions & ZYDIS_OPERAND_ACTION_WRITE) != 0) {
    // What is pushed goes below the stack pointer; what is popped goes where the operand is when
    // the stack pointer has moved.
    if (on_stack) memory.displacement -= operand.size / kByteBits;
    if (!hidden && decoded.insn.mnemonic == ZYDIS_MNEMONIC_POP) {
      memory.displacement += operand.size / kByteBits;
    }
  }
  note_mover(decoded, memory);
  return memory;
}

bool is_prefetch(const Decoded& decoded) {
  return std::string_view(Zydis::get().mnemonic(decoded.insn.mnemonic)).find("prefetch") == 0;
}

/// Gathers and scatters that bring lines alone.
bool is_vector_prefetch(const Decoded& decoded) {
  const std::string_view name = Zydis::get().mnemonic(decoded.insn.mnemonic);
  return name.find("gatherpf") != name.npos || name.find("scatterpf") != name.npos;
}

/// Instructions whose memory operand only says which line they are about, or makes them long: they
/// load and store nothing, and fault nowhere or as no access does. Those of MPX do nothing: no
/// kernel of today turns it on.
bool is_hint(const Decoded& decoded) {
  switch (decoded.insn.mnemonic) {
    case ZYDIS_MNEMONIC_NOP:
    case ZYDIS_MNEMONIC_CLFLUSH:
    case ZYDIS_MNEMONIC_CLFLUSHOPT:
    case ZYDIS_MNEMONIC_CLWB:
    case ZYDIS_MNEMONIC_CLDEMOTE:
    case ZYDIS_MNEMONIC_INVLPG:
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_BNDMOV:
    case ZYDIS_MNEMONIC_BNDLDX:
    case ZYDIS_MNEMONIC_BNDSTX:
      return true;
    default:
      return is_prefetch(decoded) || is_vector_prefetch(decoded);
  }
}

bool is_vector(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) return false;
  const ZydisRegisterClass kind = Zydis::get().register_class(operand.reg.value);
  return kind == ZYDIS_REGCLASS_XMM || kind == ZYDIS_REGCLASS_YMM || kind == ZYDIS_REGCLASS_ZMM;
}

uint8_t number_of(ZydisRegister reg) { return static_cast<uint8_t>(Zydis::get().register_id(reg)); }

void select_by_signs(AccessForm& form, const ZydisDecodedOperand& reg) {
  form.mask = is_vector(reg) ? Mask::kSigns : Mask::kMmxSigns;
  form.mask_register = number_of(reg.reg.value);
  form.mask_bytes = form.element;
  form.mask_count = form.count;
}

void select_by_opmask(AccessForm& form, const Decoded& decoded) {
  form.mask = Mask::kOpmask;
  form.mask_register = number_of(decoded.insn.avx.mask.reg);
  form.mask_count = form.count;
}

AccessForm indexed_form(const Decoded& decoded, const ZydisDecodedOperand& operand) {
  AccessForm form;
  form.kind = Form::kIndexed;
  const std::string_view name = Zydis::get().mnemonic(decoded.insn.mnemonic);
  const size_t verb = name.find("gather");
  const char index = verb != name.npos ? name[verb + 6] : name[name.find("scatter") + 7];
  form.index_bytes = index == 'q' ? 8 : 4;
  form.index_register = number_of(operand.mem.index);
  form.element = static_cast<uint8_t>(operand.element_size / kByteBits);
  const bool gathers = decoded.operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER;
  const ZydisDecodedOperand& data = decoded.operands[gathers ? 0 : 2];
  const unsigned index_size =
      Zydis::get().register_width(ZYDIS_MACHINE_MODE_LONG_64, operand.mem.index);
  form.count = static_cast<uint8_t>(
      std::min(data.size / kByteBits / form.element, index_size / kByteBits / form.index_bytes));
  if (decoded.insn.encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX) {
    select_by_opmask(form, decoded);
  } else {
    select_by_signs(form, decoded.operands[2]);
  }
  return form;
}

/// Moves by the signs of a vector register's elements.
AccessForm sign_masked_form(const Decoded& decoded, const ZydisDecodedOperand& operand) {
  AccessForm form;
  form.kind = Form::kMasked;
  const bool bytes = operand.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
  form.element = static_cast<uint8_t>(bytes ? 1 : operand.element_size / kByteBits);
  form.count = static_cast<uint8_t>(operand.size / kByteBits / form.element);
  select_by_signs(form, decoded.operands[1]);
  return form;
}

/// Whether the CPU leaves alone what an opmask does not select, in memory: not all instructions
/// that are masked do. Zydis's classes say so, but for some.
bool suppresses_faults(const Decoded& decoded) {
  switch (decoded.insn.meta.exception_class) {
    case ZYDIS_EXCEPTION_CLASS_E1NF:
    case ZYDIS_EXCEPTION_CLASS_E2NF:
    case ZYDIS_EXCEPTION_CLASS_E3NF:
    case ZYDIS_EXCEPTION_CLASS_E4NF:
    case ZYDIS_EXCEPTION_CLASS_E5NF:
    case ZYDIS_EXCEPTION_CLASS_E6NF:
    case ZYDIS_EXCEPTION_CLASS_E9NF:
    case ZYDIS_EXCEPTION_CLASS_E10NF:
    case ZYDIS_EXCEPTION_CLASS_E11NF:
      return false;
    default:
      break;
  }
  switch (decoded.insn.mnemonic) {
    case ZYDIS_MNEMONIC_VCVTNE2PS2BF16:
    case ZYDIS_MNEMONIC_VDBPSADBW:
    case ZYDIS_MNEMONIC_VGF2P8AFFINEQB:
    case ZYDIS_MNEMONIC_VGF2P8AFFINEINVQB:
    case ZYDIS_MNEMONIC_VPSHUFBITQMB:
    case ZYDIS_MNEMONIC_V4FMADDPS:
    case ZYDIS_MNEMONIC_V4FMADDSS:
    case ZYDIS_MNEMONIC_V4FNMADDPS:
    case ZYDIS_MNEMONIC_V4FNMADDSS:
    case ZYDIS_MNEMONIC_VP4DPWSSD:
    case ZYDIS_MNEMONIC_VP4DPWSSDS:
      return false;
    default:
      return true;
  }
}

bool has_opmask(const Decoded& decoded) {
  const ZydisRegister mask = decoded.insn.avx.mask.reg;
  return decoded.insn.encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX && mask != ZYDIS_REGISTER_NONE &&
         mask != ZYDIS_REGISTER_K0;
}

/// How many elements of the result an element in memory is for; 0: one.
uint8_t broadcast_count(ZydisBroadcastMode mode) {
  switch (mode) {
    case ZYDIS_BROADCAST_MODE_1_TO_2:
      return 2;
    case ZYDIS_BROADCAST_MODE_1_TO_4:
    case ZYDIS_BROADCAST_MODE_2_TO_4:
      return 4;
    case ZYDIS_BROADCAST_MODE_1_TO_8:
    case ZYDIS_BROADCAST_MODE_2_TO_8:
    case ZYDIS_BROADCAST_MODE_4_TO_8:
      return 8;
    case ZYDIS_BROADCAST_MODE_1_TO_16:
    case ZYDIS_BROADCAST_MODE_2_TO_16:
    case ZYDIS_BROADCAST_MODE_4_TO_16:
    case ZYDIS_BROADCAST_MODE_8_TO_16:
      return 16;
    case ZYDIS_BROADCAST_MODE_1_TO_32:
      return 32;
    case ZYDIS_BROADCAST_MODE_1_TO_64:
      return 64;
    default:
      return 0;
  }
}

AccessForm opmask_form(const Decoded& decoded, const ZydisDecodedOperand& operand) {
  AccessForm form;
  const ZydisInstructionCategory category = decoded.insn.meta.category;
  const bool packed = category == ZYDIS_CATEGORY_COMPRESS || category == ZYDIS_CATEGORY_EXPAND;
  form.kind = packed ? Form::kPacked : Form::kMasked;
  // What a mask bit is for has as many elements in memory as in registers; where they are not
  // counted alike, there are registers that are not used whole, or taken as smaller elements.
  unsigned count = operand.element_count;
  const uint8_t repeated = broadcast_count(decoded.insn.avx.broadcast.mode);
  for (size_t at = 0; at < decoded.insn.operand_count && repeated == 0; ++at) {
    const ZydisDecodedOperand& other = decoded.operands[at];
    if (is_vector(other)) count = std::min<unsigned>(count, other.element_count);
  }
  form.count = static_cast<uint8_t>(count);
  form.element = static_cast<uint8_t>(operand.size / kByteBits / count);
  select_by_opmask(form, decoded);
  form.mask_count = std::max(form.mask_count, repeated);
  return form;
}

Form state_kind(ZydisMnemonic mnemonic) {
  switch (mnemonic) {
    case ZYDIS_MNEMONIC_XSAVE:
    case ZYDIS_MNEMONIC_XSAVE64:
      return Form::kSave;
    case ZYDIS_MNEMONIC_XSAVEOPT:
    case ZYDIS_MNEMONIC_XSAVEOPT64:
      return Form::kSaveUsed;
    case ZYDIS_MNEMONIC_XSAVEC:
    case ZYDIS_MNEMONIC_XSAVEC64:
    case ZYDIS_MNEMONIC_XSAVES:
    case ZYDIS_MNEMONIC_XSAVES64:
      return Form::kSaveCompacted;
    case ZYDIS_MNEMONIC_XRSTOR:
    case ZYDIS_MNEMONIC_XRSTOR64:
    case ZYDIS_MNEMONIC_XRSTORS:
    case ZYDIS_MNEMONIC_XRSTORS64:
      return Form::kRestore;
    case ZYDIS_MNEMONIC_TILELOADD:
    case ZYDIS_MNEMONIC_TILELOADDT1:
    case ZYDIS_MNEMONIC_TILESTORED:
      return Form::kTiles;
    default:
      return Form::kOne;
  }
}

AccessForm form_of(const Decoded& decoded, const ZydisDecodedOperand& operand) {
  AccessForm form;
  form.kind = state_kind(decoded.insn.mnemonic);
  if (form.kind != Form::kOne) return form;
  constexpr ZydisInstructionAttributes kRepeats =
      ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
  if ((decoded.insn.attributes & kRepeats) != 0) {
    form.kind = Form::kRepeated;
    return form;
  }
  if (operand.mem.type == ZYDIS_MEMOP_TYPE_VSIB) return indexed_form(decoded, operand);
  const std::string_view name = Zydis::get().mnemonic(decoded.insn.mnemonic);
  if (name.find("maskmov") != name.npos) return sign_masked_form(decoded, operand);
  if (has_opmask(decoded) && suppresses_faults(decoded)) return opmask_form(decoded, operand);
  return form;
}

OperandInfo stack_memory(uint8_t base, unsigned size, bool written) {
  OperandInfo info;
  info.kind = OperandInfo::Kind::kMemory;
  info.read = !written;
  info.written = written;
  info.implicit = true;
  info.size = static_cast<uint16_t>(size);
  info.memory.base = base;
  info.memory.displacement = -static_cast<int64_t>(size);
  return info;
}

/// enter pushes rbp, then copies of the frame pointers of so many levels less one, then its own.
void mend_enter(const Decoded& decoded, std::vector<OperandInfo>& operands) {
  constexpr unsigned kLevels = 31;
  const auto level = static_cast<unsigned>(decoded.operands[1].imm.value.u) & kLevels;
  const auto memory = std::find_if(operands.begin(), operands.end(), [](const OperandInfo& each) {
    return each.kind == OperandInfo::Kind::kMemory;
  });
  if (memory == operands.end() || level == 0) return;
  const unsigned unit = memory->size;
  *memory = stack_memory(kRsp, unit * (level + 1), true);
  if (level > 1) operands.push_back(stack_memory(kRbp, unit * (level - 1), false));
}

/// What is stored at the address in a register.
OperandInfo line_at(const Decoded& decoded, uint8_t reg, Form kind) {
  constexpr uint16_t kLine = 64;
  OperandInfo info;
  info.kind = OperandInfo::Kind::kMemory;
  info.written = info.implicit = true;
  info.size = kLine;
  info.memory.base = reg;
  info.memory.narrow = decoded.insn.address_width == 32;
  info.access.kind = kind;
  return info;
}

}  // namespace

uint8_t general_register(ZydisRegister reg) {
  switch (Zydis::get().register_class(reg)) {
    case ZYDIS_REGCLASS_GPR8:
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64: {
      const auto whole = Zydis::get().whole_register(ZYDIS_MACHINE_MODE_LONG_64, reg);
      return static_cast<uint8_t>(Zydis::get().register_id(whole));
    }
    default:
      return kNoRegister;
  }
}

void note_memory(const Decoded& decoded, const ZydisDecodedOperand& operand, AppPc pc,
                 OperandInfo& info) {
  info.kind = OperandInfo::Kind::kMemory;
  info.memory = memory_of(decoded, operand, pc);
  info.vector_index = operand.mem.type == ZYDIS_MEMOP_TYPE_VSIB;
  if (operand.mem.type == ZYDIS_MEMOP_TYPE_AGEN || is_hint(decoded)) {
    info.read = info.written = false;
    return;
  }
  info.access = form_of(decoded, operand);
}

void add_hidden_memory(const Decoded& decoded, std::vector<OperandInfo>& operands) {
  switch (decoded.insn.mnemonic) {
    case ZYDIS_MNEMONIC_ENTER:
      return mend_enter(decoded, operands);
    case ZYDIS_MNEMONIC_CLZERO:
      return operands.push_back(line_at(decoded, kRax, Form::kLine));
    case ZYDIS_MNEMONIC_ENQCMD:
    case ZYDIS_MNEMONIC_ENQCMDS:
      return operands.push_back(
          line_at(decoded, general_register(decoded.operands[0].reg.value), Form::kOne));
    default:
      return;
  }
}

}  // namespace weft::x86
