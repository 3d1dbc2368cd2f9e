// What a probe's text names. Any thread.
#pragma once

#include <string>

#include "trace/script.h"

namespace weft::tools::trace {

/// Throws ScriptError.
Probe parse_probe(const std::string& text, Position position);

}  // namespace weft::tools::trace
