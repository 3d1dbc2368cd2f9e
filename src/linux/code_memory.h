// Memory for code, and the barrier that makes reusing it safe. Any thread.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace weft::linux {

/// Reserves private memory that can be read, written and executed, at `base` (0: anywhere). Private, so
/// that a fork's child has a cache of its own.
Result<uint64_t> reserve_code_memory(uint64_t base, uint64_t size);
void release_code_memory(uint64_t base, uint64_t size);

/// Memory that takes no room until it is touched, zeroed.
void* reserve_zeroed(uint64_t size);
void release_zeroed(void* memory, uint64_t size);

/// Every thread of this process runs a core-serialising instruction before it runs code again
/// (membarrier, SYNC_CORE). False where the kernel has none: x86 keeps instruction fetch coherent, and a
/// grace period has passed anyway.
bool synchronize_cores();

}  // namespace weft::linux
