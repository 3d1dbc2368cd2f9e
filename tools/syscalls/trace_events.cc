#include "syscalls/trace_events.h"

#include <fmt/format.h>

namespace weft::tools {
namespace {

std::string in_json(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      // Names of files need not be text; a byte is shown as the character of its number.
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// Times in the file are microseconds.
std::string microseconds(int64_t ns) { return fmt::format("{}.{:03}", ns / 1000, ns % 1000); }

/// One event; `more`: further members, each with a comma in front.
std::string event(EventThread where, char kind, int64_t at, const std::string& more) {
  return fmt::format(",\n{{\"ph\":\"{}\",\"pid\":{},\"tid\":{},\"ts\":{}{}}}", kind, where.process,
                     where.thread, microseconds(at), more);
}

}  // namespace

std::string trace_start(int process, std::string_view name) {
  return fmt::format(
      "[\n{{\"ph\":\"M\",\"pid\":{},\"name\":\"process_name\",\"args\":{{\"name\":{}}}}}", process,
      in_json(name));
}

std::string trace_end() { return "\n]\n"; }

std::string call_event(EventThread where, std::string_view name, int64_t start, int64_t took,
                       std::string_view text, std::string_view result) {
  return event(where, 'X', start,
               fmt::format(",\"dur\":{},\"cat\":\"syscall\",\"name\":{},\"args\":{{\"call\":{},"
                           "\"result\":{}}}",
                           microseconds(took), in_json(name), in_json(text), in_json(result)));
}

std::string moment_event(EventThread where, std::string_view name, int64_t at,
                         std::string_view text) {
  return event(where, 'i', at,
               fmt::format(",\"s\":\"t\",\"name\":{},\"args\":{{\"call\":{}}}", in_json(name),
                           in_json(text)));
}

std::string begin_event(EventThread where, std::string_view name, int64_t at) {
  return event(where, 'B', at, fmt::format(",\"name\":{}", in_json(name)));
}

std::string end_event(EventThread where, int64_t at) { return event(where, 'E', at, ""); }

}  // namespace weft::tools
