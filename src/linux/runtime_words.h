// Memory of the runtime's own at a given place. Any thread.
#pragma once

#include "base/address.h"
#include "base/result.h"

namespace weft::linux {

/// Maps zeroed, private, writable memory at `range`; an error if something is there.
Status map_runtime_words(AppRange range);

}  // namespace weft::linux
