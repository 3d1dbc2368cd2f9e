#include "ir/order.h"

#include "ir/order_implicit.h"

namespace weft::dynamorio {
namespace {

bool reads(const ZydisDecodedOperand& operand) {
  return (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
}
bool writes(const ZydisDecodedOperand& operand) {
  return (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}
bool is_mask(const ZydisDecodedOperand& operand) {
  return operand.encoding == ZYDIS_OPERAND_ENCODING_MASK;
}
bool is_immediate(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
}

// A saved state is written, whatever of its old value stays.
bool only_writes_first(const ZydisDecodedInstruction& instruction) {
  switch (instruction.mnemonic) {
    case ZYDIS_MNEMONIC_XSAVE:
    case ZYDIS_MNEMONIC_XSAVE64:
    case ZYDIS_MNEMONIC_XSAVEOPT:
    case ZYDIS_MNEMONIC_XSAVEOPT64:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool is_seen(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) return operand.type != ZYDIS_OPERAND_TYPE_UNUSED;
  switch (ZydisRegisterGetClass(operand.reg.value)) {
    case ZYDIS_REGCLASS_GPR8:
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64:
    case ZYDIS_REGCLASS_X87:
    case ZYDIS_REGCLASS_MMX:
    case ZYDIS_REGCLASS_XMM:
    case ZYDIS_REGCLASS_YMM:
    case ZYDIS_REGCLASS_ZMM:
    case ZYDIS_REGCLASS_CONTROL:
    case ZYDIS_REGCLASS_DEBUG:
    case ZYDIS_REGCLASS_MASK:
    case ZYDIS_REGCLASS_BOUND:
      return true;
    case ZYDIS_REGCLASS_SEGMENT:
      return operand.visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT ||
             (operand.reg.value != ZYDIS_REGISTER_CS && operand.reg.value != ZYDIS_REGISTER_SS);
    default:
      return false;
  }
}

// Destinations in the decoder's order. Sources: the mask, what is only read (immediates first
// behind a mask), then what is written too, then what is hidden.
Order order_of(const ZydisDecodedInstruction& instruction,
               std::span<const ZydisDecodedOperand> operands, bool reads_destination) {
  Order order;
  if (take_implicit_order(instruction, operands, order)) return order;
  size_t visible = instruction.operand_count_visible;
  // The register that a no-op's bytes have room for is not an operand.
  if (instruction.mnemonic == ZYDIS_MNEMONIC_NOP && visible > 1) visible = 1;
  const bool masked = visible > 1 && is_mask(operands[1]);
  const bool immediate_first = has_immediate_first(instruction, masked);
  const bool merges = instruction.avx.mask.mode == ZYDIS_MASK_MODE_MERGING;
  const auto is_read = [&](size_t i) {
    if (i == 0 && writes(operands[0]) &&
        ((merges && !reads_destination) || only_writes_first(instruction))) {
      return false;
    }
    return is_seen(operands[i]) && reads(operands[i]);
  };
  for (size_t i = 0; i < instruction.operand_count; ++i) {
    if (is_seen(operands[i]) && writes(operands[i])) order.destination(i);
  }
  if (masked) order.source(1);
  for (size_t i = 0; immediate_first && i < visible; ++i) {
    if (is_immediate(operands[i])) order.source(i);
  }
  for (size_t i = 0; i < visible; ++i) {
    if (!is_seen(operands[i]) || writes(operands[i]) || is_mask(operands[i])) continue;
    if (!(immediate_first && is_immediate(operands[i]))) order.source(i);
  }
  for (size_t i = 0; i < visible; ++i) {
    if (writes(operands[i]) && is_read(i) && !is_mask(operands[i])) order.source(i);
  }
  for (size_t i = instruction.operand_count_visible; i < instruction.operand_count; ++i) {
    if (is_read(i)) order.source(i);
  }
  permute(instruction, order);
  return order;
}

}  // namespace weft::dynamorio
