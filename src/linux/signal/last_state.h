// The end of a process by a signal that leaves a core dump: what the dump shows of a thread is what
// the kernel thread has in its registers then.
#pragma once

#include <csignal>

#include "linux/kernel/program_thread.h"
#include "linux/signal/runtime.h"
#include "linux/signal/state.h"
#include "linux/signal/xstate.h"

namespace weft::linux {

/// Signals by which the kernel dumps core.
inline constexpr SignalSet kDumpsCore =
    set_of(SIGQUIT) | set_of(SIGILL) | set_of(SIGTRAP) | set_of(SIGABRT) | set_of(SIGBUS) |
    set_of(SIGFPE) | set_of(SIGSEGV) | set_of(SIGXCPU) | set_of(SIGSYS) | set_of(SIGXFSZ);

/// Gives the calling kernel thread the program's registers, fs and gs and lets `signal` in, which
/// is pending and has its default action: the process ends before an instruction of the program
/// runs. All other program threads show the program's state, too.
[[noreturn]] void end_as_program(const ProgramThread& thread, int signal,
                                 const XstateFormat& xstate, SignalRuntime& runtime);

}  // namespace weft::linux
