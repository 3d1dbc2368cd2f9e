#include "ir/general_use.h"

#include "ir/instruction.h"
#include "ir/operand.h"

namespace weft::dynamorio {
namespace {

uint16_t bit_of(reg_id_t reg) {
  if (reg == DR_REG_NULL || !reg_is_gpr(reg)) return 0;
  return static_cast<uint16_t>(1u << (reg_to_pointer_sized(reg) - DR_REG_START_GPR));
}

uint16_t named_by(const opnd_t& operand) {
  if (kind_of(operand) == Kind::kReg) return bit_of(operand.value.reg);
  if (kind_of(operand) != Kind::kMemory) return 0;
  return bit_of(operand.value.mem.base) | bit_of(operand.value.mem.index);
}

/// 32-bit writes zero the rest; those of a part that an opcode gives another size do not.
bool is_whole(const opnd_t& operand) {
  const reg_id_t reg = operand.value.reg;
  return (reg_is_64bit(reg) || reg_is_32bit(reg)) && opnd_get_size(operand) == reg_get_size(reg);
}

}  // namespace

GeneralUse general_use(instr_t* instr) {
  GeneralUse use;
  if (!know_operands(instr)) return use;
  const bool always = instr->predicate == DR_PRED_NONE;
  const opnd_t* const destinations = destinations_of(instr);
  for (int i = 0; i < instr->num_dsts; ++i) {
    const opnd_t& operand = destinations[i];
    const uint16_t named = named_by(operand);
    if (kind_of(operand) != Kind::kReg) {
      use.reads |= named;
      continue;
    }
    use.writes |= named;
    if (always && named != 0 && is_whole(operand)) use.replaces |= named;
  }
  const opnd_t* const sources = sources_of(instr);
  for (int i = 0; i < instr->num_srcs; ++i) use.reads |= named_by(sources[i]);
  return use;
}

}  // namespace weft::dynamorio
