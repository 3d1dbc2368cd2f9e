// Numbers in the files /proc/.../status. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weft::linux {

/// The number behind `key` ("TracerPid:") in the status file at `path`, which begins with "/proc/".
/// Nothing if the file cannot be read or has no such line.
std::optional<uint64_t> status_number(std::string_view path, std::string_view key);

}  // namespace weft::linux
