// Where a debugger finds the code of a cache and its fragments (tools/gdb/weft-gdb.py, by way of
// engine/debug_layout.cc). Plain numbers: it reads them from a process that stands still, or from a
// core.
#pragma once

#include <cstdint>

namespace weft::cache {

struct DebugView {
  uint64_t code_start = 0;
  uint64_t code_size = 0;
  uint64_t owners = 0;           ///< of each granule of code, the id of its fragment, 32 bits
  uint64_t fragment_chunks = 0;  ///< pointers to chunks of pointers to fragments
};

}  // namespace weft::cache
