// System calls as lines of text. Reads the program's memory by Process::read_memory(); any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/process.h"

namespace weft::tools {

/// `bytes` as a C string literal; "..." behind it if `cut`.
std::string quoted(std::string_view bytes, bool cut);
/// "openat(AT_FDCWD, "/etc/passwd", 0x0, 000)"
std::string call_text(Process& process, const SystemCall& call);
/// "3", "-1 ENOENT (No such file or directory)" or, where the call gives an address, "0x7f..."
std::string result_text(uint64_t number, int64_t result);

}  // namespace weft::tools
