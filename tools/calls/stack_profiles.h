// What was executed in each chain of calls, in the formats of viewers of flame graphs. Any thread
// with a tree that nobody changes.
#pragma once

#include <string>

#include "calls/call_tree.h"
#include "weft/symbols.h"

namespace weft::tools {

/// In the file of the function, even for a line that was inlined from another one: then the
/// function's first line.
SourceLine line_of(const Symbols& symbols, const Location& where);

/// A line for each chain: "program;outermost;...;innermost INSTRUCTIONS".
std::string collapsed_stacks(const CallTree& tree, const Symbols& symbols,
                             const std::string& program);
/// The same with places, files and lines, as pprof reads it.
std::string pprof_stacks(const CallTree& tree, const Symbols& symbols, const std::string& program);

}  // namespace weft::tools
