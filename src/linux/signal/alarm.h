// A timer for a thread whose runtime side may hang, and the end of the process by a signal.
// SIGNAL_SAFE throughout; for the calling thread.
#pragma once

#include <csignal>

namespace weft::linux {

/// Has SignalRuntime::alarm() called on this thread after `seconds`. Nothing where there is no
/// timer left.
void set_alarm(int seconds);
/// Whether `info` is of such a timer.
bool is_alarm(const siginfo_t& info);
/// That timer goes.
void drop_alarm(const siginfo_t& info);

/// Unblocks the signals that somebody sends to end a program.
void let_ending_signals_in();
/// The process ends by the default action of `signal`.
[[noreturn]] void end_by(int signal);

}  // namespace weft::linux
