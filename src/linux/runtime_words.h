// Memory of the runtime's own, outside what the program sees. Any thread.
#pragma once

#include "base/address.h"
#include "base/result.h"

namespace weft::linux {

/// Maps zeroed, private, writable memory at `range`; an error if something is there.
Status map_runtime_words(AppRange range);

/// A stretch of addresses, some pages long, at which every access faults; empty if there is none.
AppRange map_nothing();

}  // namespace weft::linux
