// Text of operands and instructions.
#pragma once

#include <string>

#include "dr_ir_disassemble.h"

namespace weft::dynamorio {

/// Of an operand alone.
std::string text_of(const opnd_t& opnd);
/// Of an instruction, in the syntax that disassemble_set_syntax() chose.
std::string text_of(instr_t* instr);
/// Sources, an arrow, destinations.
std::string arrow_text_of(instr_t* instr);

}  // namespace weft::dynamorio
