#include "linux/script.h"

#include <array>
#include <cerrno>
#include <cstring>

#include "linux/raw_syscall.h"

namespace weft::linux {
namespace {

constexpr std::string_view kBlank = " \t";

std::string_view trim_front(std::string_view text) {
  const size_t start = text.find_first_not_of(kBlank);
  return start == std::string_view::npos ? std::string_view{} : text.substr(start);
}

std::string_view trim_back(std::string_view text) {
  const size_t end = text.find_last_not_of(kBlank);
  return end == std::string_view::npos ? std::string_view{} : text.substr(0, end + 1);
}

}  // namespace

Result<std::optional<ScriptLine>> parse_script_line(std::string_view start) {
  if (!start.starts_with("#!")) return std::optional<ScriptLine>{};
  const Error invalid{"a script with an invalid first line", ENOEXEC};
  // The kernel's buffer is padded with zeros, and its last byte always counts as one.
  const bool full = start.size() >= kScriptWindow;
  std::string_view line = start.substr(2, full ? kScriptWindow - 3 : std::string_view::npos);
  const size_t newline = line.find('\n');
  if (newline != std::string_view::npos) {
    line = line.substr(0, newline);
  } else {
    const size_t zero = line.find('\0');
    if (zero != std::string_view::npos) {
      line = line.substr(0, zero);
    } else if (full && trim_front(line).find_first_of(kBlank) == std::string_view::npos) {
      // Without a blank behind it, the name may go on beyond what was read.
      return invalid;
    }
  }
  line = trim_back(trim_front(line));
  if (line.empty()) return invalid;
  const size_t blank = line.find_first_of(std::string_view(" \t\0", 3));
  ScriptLine script;
  script.interpreter = line.substr(0, blank);
  if (script.interpreter.empty()) return invalid;
  if (blank != std::string_view::npos) {
    const std::string_view rest = trim_front(line.substr(blank));
    script.argument = rest.substr(0, rest.find('\0'));
  }
  return std::optional<ScriptLine>{std::move(script)};
}

Result<std::optional<ScriptLine>> read_script_line(int fd) {
  std::array<char, kScriptWindow> start;
  int64_t got;
  do {
    got = raw_syscall(__NR_pread64, static_cast<uint64_t>(fd), word(start.data()), start.size(), 0);
  } while (got == -EINTR);
  if (failed(got)) {
    const int code = static_cast<int>(-got);
    return Error{std::strerror(code), code};
  }
  return parse_script_line({start.data(), static_cast<size_t>(got)});
}

}  // namespace weft::linux
