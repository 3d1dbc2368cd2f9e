// From blocks that ran to lines of source. Needs weft_symbols.
#pragma once

#include <span>

#include "common/line_coverage.h"
#include "weft/symbols.h"
#include "weft/values.h"

namespace weft::tools {

/// Adds the lines and functions of a file; those that `blocks`, which lie `bias` above their
/// addresses in the file, have code of ran once.
void add_lines(LineCoverage& lines, const SymbolFile& file, Address bias,
               std::span<const Range> blocks);

}  // namespace weft::tools
