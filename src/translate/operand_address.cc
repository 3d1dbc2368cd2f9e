#include "translate/operand_address.h"

#include <cstddef>

#include "translate/thread_block.h"

namespace weft::translate {
namespace {

using x86::Assembler;
using x86::MemoryOperand;
using x86::Reg;

/// `to` = what MemoryOperand::move() says.
void emit_move(Assembler& out, const MemoryOperand& memory, Reg to) {
  constexpr uint8_t kBitsOfNumber = 3;
  const auto by = static_cast<Reg>(memory.moved_by);
  if (memory.moved_unit == 1) return out.zero_extend_byte(to, by);
  out.sign_extend(to, by, memory.moved_unit);
  out.shift_signed(to, kBitsOfNumber);
  out.compute_imm(x86::Alu::kAnd, to, -int32_t{memory.moved_unit});
}

constexpr uint32_t spill_offset(size_t index) {
  return static_cast<uint32_t>(offsetof(ThreadBlock, spill) + index * sizeof(uint64_t));
}

}  // namespace

void emit_offset(Assembler& out, const MemoryOperand& memory, Reg to, uint32_t spill) {
  out.lea(to, memory);
  if (!memory.is_moved()) return;
  out.mov_gs_reg(spill, to);
  emit_move(out, memory, to);
  out.add_reg_gs(to, spill);
  if (!memory.narrow) return;
  MemoryOperand cut;
  cut.base = to;
  cut.narrow = true;
  out.lea(to, cut);
}

void emit_offset_keeping_flags(Assembler& out, const MemoryOperand& memory, Reg to) {
  if (!memory.is_moved()) return emit_offset(out, memory, to, 0);
  constexpr uint32_t kAddress = spill_offset(0);
  constexpr uint32_t kRax = spill_offset(1);
  constexpr uint32_t kFlags = spill_offset(2);
  out.mov_gs_reg(kRax, x86::kRax);
  out.flags_to_rax();
  out.mov_gs_reg(kFlags, x86::kRax);
  out.mov_reg_gs(x86::kRax, kRax);
  emit_offset(out, memory, to, kAddress);
  out.mov_gs_reg(kRax, x86::kRax);
  out.mov_reg_gs(x86::kRax, kFlags);
  out.flags_from_rax();
  out.mov_reg_gs(x86::kRax, kRax);
}

}  // namespace weft::translate
