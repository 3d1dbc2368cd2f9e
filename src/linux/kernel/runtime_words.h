// Memory of the runtime's own, outside what the program sees. Any thread.
#pragma once

#include <cstdint>

#include "base/address.h"
#include "base/result.h"

namespace weft::linux {

/// Maps zeroed, private, writable memory at `range`; an error if something is there.
Status map_runtime_words(AppRange range);

/// What a forked child has of such memory.
enum class InChild : uint8_t { kCopied, kShared };

/// Zeroed, writable memory at a place of the kernel's choice; null if there is none.
void* map_runtime_words(uint64_t size, InChild in_child);
void unmap_runtime_words(void* memory, uint64_t size);

/// A stretch of addresses, some pages long, at which every access faults; empty if there is none.
AppRange map_nothing();

}  // namespace weft::linux
