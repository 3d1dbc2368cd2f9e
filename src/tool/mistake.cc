#include "tool/mistake.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>

namespace weft::tool {
namespace {

/// A mistake is found deep in what a tool calls, and in handlers that get no argument of ours.
std::atomic<int> g_stream{STDERR_FILENO};
/// From one handler to another: of the first thread that ends by an exception.
std::array<char, 160> g_exception{};
std::atomic_flag g_exception_is_taken = ATOMIC_FLAG_INIT;

}  // namespace

void set_message_stream(int descriptor) { g_stream = descriptor; }

void write_message(std::string_view line) {
  static_cast<void>(!write(g_stream.load(), line.data(), line.size()));
}

void end_for_tool() { _exit(kStatusToolFailed); }

void stop_for_tool(std::string_view tool, std::string_view message) {
  write_message(fmt::format("weft: tool '{}': {}\n", tool, message));
  end_for_tool();
}

void keep_exception(const char* what) {
  if (g_exception_is_taken.test_and_set()) return;
  const auto end = fmt::format_to_n(g_exception.data(), g_exception.size() - 1,
                                    "an exception that nobody catches ({})", what);
  *end.out = '\0';
}

std::string_view reason_of_abort() {
  return g_exception[0] != '\0' ? std::string_view(g_exception.data()) : "abort()";
}

}  // namespace weft::tool
