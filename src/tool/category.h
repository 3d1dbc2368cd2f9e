// Groups of the decoder's categories. Pure, any thread.
#pragma once

#include <string_view>

#include "weft/instruction.h"

namespace weft::tool {

/// `name`: InstructionDetails::category.
Category category_of(std::string_view name);

}  // namespace weft::tool
