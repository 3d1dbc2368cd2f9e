// dr_replace_fragment(): lists that take the place of what the block event would give.
#pragma once

#include "dr_api.h"
#include "weft/instruction.h"

namespace weft::dynamorio {

/// The one for the tag, for each block that is built there; null if there is none. The caller
/// destroys it.
instrlist_t* copy_of_replacement(void* drcontext, Address tag);

}  // namespace weft::dynamorio
