#include "tool/mistake.h"

#include <cstdio>
#include <cstdlib>

namespace weft::tool {

void stop_for_tool(std::string_view tool, std::string_view message) {
  std::fprintf(stderr, "weft: tool '%.*s': %.*s\n", static_cast<int>(tool.size()), tool.data(),
               static_cast<int>(message.size()), message.data());
  std::_Exit(kStatusToolFailed);
}

}  // namespace weft::tool
