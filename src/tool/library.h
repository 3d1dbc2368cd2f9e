// A tool's shared library, loaded beside weft. Made before the program starts, on one thread; lives
// as long as the process.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"
#include "tool/option_table.h"
#include "weft/tool.h"

namespace weft::tool {

struct Library {
  std::string name;  ///< as the user gave it, without folder and suffix
  std::string path;  ///< of its file
  Tool* tool = nullptr;
  AppRange code;      ///< its own
  uint64_t base = 0;  ///< added to the addresses in its file
  std::unique_ptr<OptionTable> options;

  /// What `weft run --tool NAME --help` prints.
  std::string help() const;
};

/// `spec` is NAME or PATH, then perhaps ':' and options. A name without a slash is looked up in
/// `folder`.
Result<Library> load_library(std::string_view spec, const std::string& folder);

/// Where bundled tools lie: ../lib/weft, seen from the folder of the running executable.
std::string bundled_tools_folder();

}  // namespace weft::tool
