// What becomes of the system call in which a signal found the thread. Called by the signal handler
// with the interrupted registers; signal-safe.
#pragma once

#include "base/check.h"
#include "linux/kernel/program_thread.h"
#include "linux/signal/frame.h"
#include "linux/signal/state.h"

namespace weft::linux {

/// Whether the thread was in a call of the program, which the signal has ended.
SIGNAL_SAFE bool has_ended_call(const FrameRegisters& registers);

/// What came is nothing that the program notices: it makes the call once more.
SIGNAL_SAFE void repeat_call(FrameRegisters& registers);

/// The handler of a signal that ends a call with a mask of its own runs under that mask, and may be
/// interrupted by what it lets through.
SIGNAL_SAFE void note_call_mask(ProgramThread& thread);

/// Whether the program blocks `bit` of kSynchronous, and the call that it ended, if any, did too.
SIGNAL_SAFE bool is_blocked(const ProgramThread& thread, const FrameRegisters& registers,
                            SignalSet bit);

}  // namespace weft::linux
