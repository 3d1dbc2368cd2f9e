// Copies memory of the program that may go away at any moment. Any thread of the runtime whose
// signals go to our handler; not inside a signal handler (the fault would come while SIGSEGV is
// blocked).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/check.h"

namespace weft::linux {

extern "C" {
/// False if not all of it could be copied; then any part of `to` may have been written.
bool weft_safe_copy(void* to, const void* from, size_t size);

// A fault at weft_safe_copy_access goes on at weft_safe_copy_failed.
extern const uint8_t weft_safe_copy_access[];
extern const uint8_t weft_safe_copy_failed[];
}

inline bool safe_copy(void* to, const void* from, size_t size) {
  return weft_safe_copy(to, from, size);
}

SIGNAL_SAFE inline bool is_safe_copy(uint64_t rip) {
  return rip == reinterpret_cast<uint64_t>(weft_safe_copy_access);
}

}  // namespace weft::linux
