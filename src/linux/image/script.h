// The first line of a script, by the kernel's rules. Stateless; any thread; not signal-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft::linux {

struct ScriptLine {
  std::string interpreter;              ///< may be empty: the kernel then tries to open that
  std::optional<std::string> argument;  ///< everything after the interpreter, as one
};

/// The kernel looks at this much of a file.
inline constexpr size_t kScriptWindow = 256;

/// Parses the first bytes of a file (at most kScriptWindow). nullopt: no "#!" there. ENOEXEC: an
/// empty or a cut interpreter name.
Result<std::optional<ScriptLine>> parse_script_line(std::string_view start);
Result<std::optional<ScriptLine>> read_script_line(int fd);

}  // namespace weft::linux
