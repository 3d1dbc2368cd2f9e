// The end of the process by a signal whose action is the default. Any thread; touches no libc
// state.
#pragma once

#include <csignal>

#include "base/check.h"

namespace weft::linux {

/// Whether signals that are only sent end this process by no default action: it is the first one of
/// its namespace of process numbers. Those that instructions raise do.
SIGNAL_SAFE bool is_spared_by_sent_signals();

/// Sends `info.si_signo` with its default action to the calling thread, which has it blocked or
/// dies by it.
SIGNAL_SAFE void send_last_signal(siginfo_t info);

/// Ends the process by `info.si_signo`, whatever the program has made of that signal. `info` is
/// what a tracer sees, where the kernel takes it from the process itself.
[[noreturn]] SIGNAL_SAFE void die_by_signal(siginfo_t info);

}  // namespace weft::linux
