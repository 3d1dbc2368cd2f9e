// How results look: as bpftrace prints them, or as lines of JSON. Any thread.
#pragma once

#include <string>
#include <vector>

#include "trace/values.h"

namespace weft::tools::trace {

/// One map, sorted by value; `most` entries at the end of it, 0 for all.
std::string show_map(const std::string& name, const std::map<Key, Cell>& cells, size_t most,
                     bool json);
std::string show_line(const std::string& kind, const std::string& text, bool json);
/// `format` with the values in the place of its %d, %u, %x, %s, ... One that does not fit is shown
/// as it is.
std::string format_values(const std::string& format, const std::vector<Value>& values);

}  // namespace weft::tools::trace
