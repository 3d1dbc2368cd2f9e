// The standard streams as clients print to them.
#pragma once

#include <cstdarg>
#include <string>

#include "weft/process.h"

namespace weft::dynamorio {

/// Keeps standard output and error for clients: many programs close theirs before the exit event.
/// Once, before clients run.
void open_console(Process& process);
/// Writes all of it, as far as that goes; returns how many bytes.
long write_whole(int fd, const char* text, size_t bytes);
std::string format_text(const char* format, va_list arguments);

}  // namespace weft::dynamorio
