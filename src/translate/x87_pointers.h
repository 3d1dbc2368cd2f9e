// The address of the last x87 instruction, which the CPU keeps and some instructions store: made in
// the cache, it is the cache's. Works on one Draft, on the thread that owns it.
#pragma once

#include "translate/mangle_record.h"

namespace weft::translate {

/// Whether the instruction stores that address (fnstenv, fnsave, fxsave and the forms of xsave).
bool stores_x87_pointers(const x86::Insn& insn);

/// Ahead of such an instruction: the runtime makes the address the program's own.
void emit_x87_settling(Draft& draft, const Instruction& at, Record& record);

}  // namespace weft::translate
