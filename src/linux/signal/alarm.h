// Timers of the runtime's own, and the end of the process by a signal. SIGNAL_SAFE throughout; for
// the calling thread.
#pragma once

#include <csignal>

namespace weft::linux {

/// Has SignalRuntime::alarm() called on this thread after `seconds`. Nothing where there is no
/// timer left.
void set_alarm(int seconds);
/// Has SignalRuntime::cpu_alarm() called when the thread has used `milliseconds` more of CPU time.
/// Nothing where there is no timer left.
void set_cpu_alarm(int milliseconds);
/// Whether `info` is of the former or of the latter.
bool is_alarm(const siginfo_t& info);
bool is_cpu_alarm(const siginfo_t& info);
/// That timer goes.
void drop_alarm(const siginfo_t& info);

/// Unblocks the signals that somebody sends to end a program.
void let_ending_signals_in();
/// The process ends by the default action of `signal`.
[[noreturn]] void end_by(int signal);

}  // namespace weft::linux
