// The coverage format that Lighthouse and other viewers read, version 2 with module table
// version 2. Values; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "weft/instruction.h"

namespace weft::tools {

struct DrcovModule {
  uint64_t start = 0;
  uint64_t end = 0;  ///< one past the last byte
  uint64_t entry = 0;
  std::string path;
};

/// A record of the file, as it lies there.
struct DrcovBlock {
  uint32_t offset = 0;  ///< from its module's start
  uint16_t size = 0;    ///< bytes
  uint16_t module = 0;
};
static_assert(sizeof(DrcovBlock) == 8);

/// The file's contents. Blocks, as they lie in memory, outside all modules are left out; a block
/// too long for the format's 16 bits is written as several.
std::string drcov(std::span<const DrcovModule> modules, std::span<const Range> blocks);

}  // namespace weft::tools
