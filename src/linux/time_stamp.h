// The time stamp counter in a thread for which the program has switched it off (PR_SET_TSC).
// SIGNAL_SAFE throughout: runs in the handler of the thread concerned.
#pragma once

#include "base/check.h"
#include "x86/context.h"

namespace weft::linux {

/// The runtime's own code, the vdso's clock most likely, faulted at context.rip: if it was there to
/// read the counter, does that and moves on. False if something else stands there.
SIGNAL_SAFE bool read_time_stamp_for_runtime(x86::CpuContext& context);

}  // namespace weft::linux
