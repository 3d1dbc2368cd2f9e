// A block on its way through clients: from the program's instructions to a client's list, and from
// that to what is laid out.
#pragma once

#include "dr_api.h"
#include "weft/instruction_list.h"

namespace weft::dynamorio {

/// The program's instructions, as the block event gets them. The caller destroys the list.
instrlist_t* program_list(void* drcontext, const InstructionList& block);

/// Whether it is still the block as the program has it.
bool is_unchanged(instrlist_t* list, const InstructionList& block);

/// Appends all of `list` to `block`. What cannot be encoded stops the process with a line that says
/// what it is.
void lay_out(void* drcontext, instrlist_t* list, InstructionList& block);

}  // namespace weft::dynamorio
