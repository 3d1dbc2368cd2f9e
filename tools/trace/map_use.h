// Which maps a script looks at while the program runs. Pure.
#pragma once

#include <set>
#include <string>

#include "trace/script.h"

namespace weft::tools::trace {

/// Maps that are read, printed or changed otherwise than by sums, but in probes ahead of which all
/// sums are collected (END, intervals): their sums must be up to date at any time.
std::set<std::string> maps_in_use(const Script& script);

}  // namespace weft::tools::trace
