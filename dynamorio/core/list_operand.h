// Operands in the form of the tool interface.
#pragma once

#include <optional>

#include "dr_api.h"
#include "weft/instruction_list.h"

namespace weft::dynamorio {

/// Whether it is a general register or a part of one.
bool is_general(reg_id_t reg);
/// Which general register it is, or is a part of.
Register register_of(reg_id_t reg);
/// Nothing: it cannot be passed to a call.
std::optional<ListArgument> argument_of(opnd_t operand);

}  // namespace weft::dynamorio
