// The signals of one thread that were taken from the kernel and are not yet the program's. Called
// by the thread itself with all signals blocked, or by its signal handler. Signal-safe.
#pragma once

#include <csignal>

#include "base/check.h"
#include "linux/kernel/program_thread.h"
#include "linux/signal/state.h"

namespace weft::linux {

/// Makes `info` the one that is delivered next. `mask`: what the kernel blocked for the program.
/// The caller sees to it that the kernel blocks all asynchronous signals from now on.
SIGNAL_SAFE void make_pending(ProgramThread& thread, const siginfo_t& info, bool synchronous,
                              SignalSet mask);

/// Takes the pending signal back: into the kernel, where asynchronous signals are blocked, or among
/// the held ones. Nothing is pending then; the mask stays the caller's business.
SIGNAL_SAFE void give_back_pending(ProgramThread& thread);

/// Sends a thread of this process a signal with this siginfo. False if the kernel refuses.
SIGNAL_SAFE bool send_to_thread(pid_t tid, const siginfo_t& info);

/// Sends the thread what it took from the kernel once more: to the whole process if it came so.
SIGNAL_SAFE void send_again(const siginfo_t& info);

}  // namespace weft::linux
