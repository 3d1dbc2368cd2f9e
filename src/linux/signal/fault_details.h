// What the kernel says of a fault in the frame of its signal. Signal-safe.
#pragma once

#include <csignal>

#include "base/check.h"
#include "linux/signal/state.h"

namespace weft::linux {

/// What a frame says of a fault that the runtime found for the program. `fetch`: of the instruction
/// itself.
SIGNAL_SAFE void describe_fault(SignalState& state, const siginfo_t& info, bool fetch);

}  // namespace weft::linux
