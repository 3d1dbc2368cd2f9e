// The signals of one thread that were taken from the kernel and are not yet the program's. Called
// by the thread itself with all signals blocked, or by its signal handler. Signal-safe.
#pragma once

#include <csignal>

#include "base/check.h"
#include "linux/program_thread.h"
#include "linux/signal_state.h"

namespace weft::linux {

/// Makes `info` the one that is delivered next. `mask`: what the kernel blocked for the program.
/// The caller sees to it that the kernel blocks all asynchronous signals from now on.
SIGNAL_SAFE void make_pending(ProgramThread& thread, const siginfo_t& info, bool synchronous,
                              SignalSet mask);

/// Takes the pending signal back: into the kernel, where asynchronous signals are blocked, or among
/// the held ones. Nothing is pending then; the mask stays the caller's business.
SIGNAL_SAFE void give_back_pending(ProgramThread& thread);

/// Sends the thread what it took from the kernel once more: to the whole process if it came so.
SIGNAL_SAFE void send_again(const siginfo_t& info);

/// Keeps a signal of kSynchronous that somebody sent. A second one of the same number is lost, as
/// in the kernel.
SIGNAL_SAFE void hold(SignalState& state, const siginfo_t& info);
/// Takes out the lowest held signal of `among`; false if there is none.
SIGNAL_SAFE bool take_held(SignalState& state, SignalSet among, siginfo_t* info);

}  // namespace weft::linux
