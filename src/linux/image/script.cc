#include "linux/image/script.h"

#include <array>
#include <cerrno>
#include <cstring>

#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

constexpr std::string_view kBlank = " \t";
constexpr std::string_view kTerminator("\t \0", 3);
constexpr size_t kNone = std::string_view::npos;

/// The first line, without blanks at its end. nullopt: it is empty, or the interpreter's name may
/// go on beyond the window.
std::optional<std::string_view> first_line(std::string_view text) {
  const size_t newline = text.find('\n');
  if (newline == kNone) {
    const size_t name = text.find_first_not_of(kBlank);
    if (name == kNone || text.find_first_of(kTerminator, name) == kNone) return std::nullopt;
  }
  const std::string_view line = text.substr(0, newline);
  const size_t last = line.find_last_not_of(kBlank);
  if (last == kNone) return std::nullopt;
  return line.substr(0, last + 1);
}

}  // namespace

Result<std::optional<ScriptLine>> parse_script_line(std::string_view start) {
  if (!start.starts_with("#!")) return std::optional<ScriptLine>{};
  // The kernel looks at a buffer that is padded with zeros, and never at its last byte.
  std::string window(start.substr(0, kScriptWindow - 1));
  window.resize(kScriptWindow - 1, '\0');
  const auto line = first_line(std::string_view(window).substr(2));
  if (!line) return Error{"a script with an invalid first line", ENOEXEC};
  const size_t name = line->find_first_not_of(kBlank);
  const size_t separator = line->find_first_of(kTerminator, name);
  ScriptLine script;
  script.interpreter = line->substr(name, separator - name);
  if (separator != kNone && (*line)[separator] != '\0') {
    const std::string_view rest = line->substr(line->find_first_not_of(kBlank, separator));
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
