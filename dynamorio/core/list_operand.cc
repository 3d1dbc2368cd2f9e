#include "core/list_operand.h"

namespace weft::dynamorio {
namespace {

bool is_high_byte(reg_id_t reg) { return reg >= DR_REG_AH && reg <= DR_REG_BH; }

std::optional<ListMemory> memory_of(opnd_t operand) {
  ListMemory memory;
  if (opnd_is_far_memory_reference(operand)) {
    const reg_id_t segment = opnd_get_segment(operand);
    if (segment == DR_SEG_FS) memory.segment = ListMemory::Segment::kFs;
    // A client that names gs means slots, which it has from dr_raw_tls_calloc().
    if (segment == DR_SEG_GS) memory.segment = ListMemory::Segment::kSlots;
  }
  if (opnd_is_base_disp(operand)) {
    const reg_id_t base = opnd_get_base(operand);
    const reg_id_t index = opnd_get_index(operand);
    if (base != DR_REG_NULL) memory.base = register_of(base);
    if (index != DR_REG_NULL) {
      if (!is_general(index)) return std::nullopt;
      memory.index = register_of(index);
      memory.scale = static_cast<uint8_t>(opnd_get_scale(operand));
    }
    memory.displacement = opnd_get_disp(operand);
    return memory;
  }
  memory.displacement = static_cast<int64_t>(reinterpret_cast<uint64_t>(opnd_get_addr(operand)));
  return memory;
}

}  // namespace

bool is_general(reg_id_t reg) { return reg_is_gpr(reg); }

Register register_of(reg_id_t reg) {
  return static_cast<Register>(reg_to_pointer_sized(reg) - DR_REG_START_GPR);
}

std::optional<ListArgument> argument_of(opnd_t operand) {
  ListArgument argument;
  if (opnd_is_immed_int(operand)) {
    argument.number = static_cast<uint64_t>(opnd_get_immed_int(operand));
    return argument;
  }
  if (opnd_is_pc(operand)) {
    argument.number = reinterpret_cast<uint64_t>(opnd_get_pc(operand));
    return argument;
  }
  if (opnd_is_reg(operand) && is_general(opnd_get_reg(operand))) {
    const reg_id_t reg = opnd_get_reg(operand);
    argument.kind =
        is_high_byte(reg) ? ListArgument::Kind::kHighByte : ListArgument::Kind::kRegister;
    argument.reg = register_of(reg);
    argument.size = static_cast<uint8_t>(opnd_size_in_bytes(reg_get_size(reg)));
    return argument;
  }
  if (opnd_is_memory_reference(operand)) {
    const std::optional<ListMemory> memory = memory_of(operand);
    const uint size = opnd_size_in_bytes(opnd_get_size(operand));
    if (!memory || (size != 1 && size != 2 && size != 4 && size != 8)) return std::nullopt;
    argument.kind = ListArgument::Kind::kMemory;
    argument.memory = *memory;
    argument.size = static_cast<uint8_t>(size);
    return argument;
  }
  return std::nullopt;
}

}  // namespace weft::dynamorio
