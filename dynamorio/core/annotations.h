// Annotations of programs, which are calls of clients there.
#pragma once

#include "dr_api.h"
#include "weft/instruction_list.h"

namespace weft::dynamorio {

/// Cheap; false: there is no annotation in the block.
bool may_be_annotated(const InstructionList& block);
/// Puts what is registered into a block's list, as program_list() made it.
void answer_annotations(void* drcontext, instrlist_t* list);

}  // namespace weft::dynamorio
