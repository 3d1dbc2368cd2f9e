// Memory at a place of its own, much of it never touched. Any thread.
#pragma once

#include <cstdint>

#include "base/address.h"

namespace weft::linux {

/// Reserves `range` without ever replacing anything. 0, or -errno.
int64_t reserve_memory(AppRange range);

}  // namespace weft::linux
