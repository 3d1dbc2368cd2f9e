// Events of threads in the JSON form of Chromium's trace viewer, which Perfetto's reads, too. A
// text is made a line an event, so that what was written before a process was killed can be read.
// Any thread, under a lock of the caller's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::tools {

/// Whose event it is.
struct EventThread {
  int process = 0;
  int thread = 0;
};

/// The file's first characters, and how the process is called.
std::string trace_start(int process, std::string_view name);
std::string trace_end();

// Times are nanoseconds of CLOCK_MONOTONIC, the same for all processes.

/// A call from `start` on that took `took`; `text` and `result` are shown with it.
std::string call_event(EventThread where, std::string_view name, int64_t start, int64_t took,
                       std::string_view text, std::string_view result);
/// At one moment: a signal, or a call that does not come back.
std::string moment_event(EventThread where, std::string_view name, int64_t at,
                         std::string_view text);
/// The thread's life, around all its calls.
std::string begin_event(EventThread where, std::string_view name, int64_t at);
std::string end_event(EventThread where, int64_t at);

}  // namespace weft::tools
