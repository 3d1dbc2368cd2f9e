// Emits the address of a memory operand: pure emission, on the thread that owns the assembler.
#pragma once

#include <cstdint>

#include "x86/assembler.h"
#include "x86/memory_operand.h"

namespace weft::translate {

/// `to`, which the operand does not name, = the address without its segment. If a register moves it
/// (MemoryOperand::moved_by), that changes the flags and the word of the thread's block at offset
/// `spill`.
void emit_offset(x86::Assembler& out, const x86::MemoryOperand& memory, x86::Reg to,
                 uint32_t spill);
/// The same; keeps the flags. Changes all of ThreadBlock::spill.
void emit_offset_keeping_flags(x86::Assembler& out, const x86::MemoryOperand& memory, x86::Reg to);

}  // namespace weft::translate
