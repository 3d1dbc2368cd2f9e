// What a tool did wrong ends the process with one line that names the tool. Any thread.
#pragma once

#include <string_view>

#include "base/check.h"

namespace weft::tool {

/// Status of a process that a tool's mistake or Process::fail() ended.
inline constexpr int kStatusToolFailed = 2;

/// Where such lines go from now on: standard error as the program found it, which it may close.
void set_message_stream(int descriptor);
/// Writes there. SIGNAL_SAFE.
void write_message(std::string_view line);
/// Status kStatusToolFailed, with nothing more said or flushed. SIGNAL_SAFE.
[[noreturn]] void end_for_tool();
/// "SIGSEGV" and the like, of a signal that an instruction raises. Signal-safe.
const char* name_of_fault(int signal);

[[noreturn]] void stop_for_tool(std::string_view tool, std::string_view message);

/// Keeps the text of a tool's exception that nobody catches until abort() has been noticed.
void keep_exception(const char* what);
/// Why abort() was called, as far as that is known. SIGNAL_SAFE.
std::string_view reason_of_abort();

}  // namespace weft::tool
