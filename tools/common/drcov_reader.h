// Reads the coverage format that common/drcov.h writes, and its later versions as other engines
// write them. Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/drcov.h"

namespace weft::tools {

struct DrcovFile {
  /// A file that is mapped in several parts may be several modules, of one path.
  std::vector<DrcovModule> modules;
  std::vector<DrcovBlock> blocks;
};

/// Takes the file's contents apart. Empty, or one line that says what is wrong with them.
std::string read_drcov(const std::string& bytes, DrcovFile& file);

}  // namespace weft::tools
