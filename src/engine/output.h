// What the runtime writes to files and standard error, by system calls of its own, so that it works
// on any thread and however the process ends.
#pragma once

#include <string>

namespace weft::engine {

inline constexpr int kStandardError = 2;

void write_all(int fd, const std::string& text);

/// `path` with each %p replaced by the process's number, so that children do not write over one
/// another.
std::string with_pid(const std::string& path);

/// Opens `path` with `flags` (O_*), writes, closes. False if it cannot be opened.
bool write_file(const std::string& path, int flags, const std::string& text);

}  // namespace weft::engine
