// What a clean call of an edited list is given, as call sites keep it.
#pragma once

#include <string_view>

#include "tool/call_site.h"
#include "weft/instruction_list.h"

namespace weft::tool {

/// `wrong` becomes what is wrong with it, if anything is.
Argument argument_of(const ListArgument& given, std::string_view& wrong);

}  // namespace weft::tool
