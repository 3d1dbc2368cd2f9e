// What a tool did wrong ends the process with one line that names the tool. Any thread.
#pragma once

#include <string_view>

namespace weft::tool {

/// Status of a process that a tool's mistake or Process::fail() ended.
inline constexpr int kStatusToolFailed = 2;

[[noreturn]] void stop_for_tool(std::string_view tool, std::string_view message);

}  // namespace weft::tool
