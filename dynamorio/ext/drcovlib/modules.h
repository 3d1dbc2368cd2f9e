// Where an address lies among the modules that the process has had. Any thread.
#pragma once

#include <optional>
#include <string>

#include "ext/drcovlib/rows.h"

namespace weft::dynamorio::drcovlib {

struct Segment {
  uint index = 0;  ///< its row
  Address start = 0;
  Address end = 0;
  uint module = 0;  ///< the row of its module's first segment
  Address module_start = 0;
};

std::optional<Segment> segment_at(Address pc);
std::string module_table();
/// With the 0 at its end, which `wrote` counts.
drcovlib_status_t copy_text(const std::string& text, char* to, size_t size, size_t* wrote);

}  // namespace weft::dynamorio::drcovlib
