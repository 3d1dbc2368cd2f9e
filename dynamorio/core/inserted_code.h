// Meta instructions in front of an instruction.
#pragma once

#include "dr_api.h"

namespace weft::dynamorio {

inline void add_meta(instrlist_t* list, instr_t* where, instr_t* instruction) {
  instrlist_meta_preinsert(list, where, instruction);
}

}  // namespace weft::dynamorio
