// What is called in a block that is run twice.
#pragma once

#include <cstdint>

#include "dr_api.h"

namespace weft::dynamorio::drstatecmp {

using ErrorCallback = void (*)(const char* what, void* tag);

/// NULL: print the block and end the process.
void set_error_callback(ErrorCallback callback);

enum CheckFlags : uint32_t {
  kSkipFlags = 1,    ///< the arithmetic flags may differ: they are dead at the block's start
  kReadsMemory = 2,  ///< another thread may have changed what the second run read
};

// Clean calls.
void keep_start();
/// Keeps the state of the first run, and goes back to that of the start.
void start_again();
void compare(uint32_t flags, void* tag);

}  // namespace weft::dynamorio::drstatecmp
