// dr_module_set_should_instrument()'s answer for blocks.
#pragma once

#include "weft/process.h"

namespace weft::dynamorio {

bool is_shown(const Module& module);

}  // namespace weft::dynamorio
