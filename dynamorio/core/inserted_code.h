// Meta instructions in front of an instruction, and instructions that go.
#pragma once

#include "dr_api.h"

namespace weft::dynamorio {

inline void add_meta(instrlist_t* list, instr_t* where, instr_t* instruction) {
  instrlist_meta_preinsert(list, where, instruction);
}

inline void take_out(void* drcontext, instrlist_t* list, instr_t* instruction) {
  instrlist_remove(list, instruction);
  instr_destroy(drcontext, instruction);
}

}  // namespace weft::dynamorio
