// Where the runtime's stack for the first thread of a process with code images lies: which stripe
// of each table the thread has follows from that (cache/stripe.h), so it goes on with what the
// image has left, and starts no memory of its own.
#pragma once

#include "linux/memory/layout.h"

namespace weft::linux {

inline constexpr AppRange kFirstStack{{kCommonPlaces - (uint64_t{16} << 20)}, {kCommonPlaces}};

}  // namespace weft::linux
