// Fragments as text: program code beside cache code. For people; not for hot paths.
#pragma once

#include <string>

#include "cache/code_cache.h"

namespace weft::engine {

/// One fragment: its constituents, and for each program instruction the code that stands for it.
std::string dump(const cache::Fragment& fragment);

}  // namespace weft::engine
