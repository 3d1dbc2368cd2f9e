// Signals of the runtime's own, which bring a thread out of the code cache and which the program
// does not notice. Any thread.
#pragma once

#include <sys/types.h>

#include <csignal>

#include "base/check.h"
#include "linux/kernel/program_thread.h"

namespace weft::linux {

/// Makes a program thread that is in the code cache come out of it soon. The thread may have ended
/// meanwhile.
SIGNAL_SAFE void nudge(const ProgramThread& thread);

/// The same for a thread of another process, which runs under weft, too.
SIGNAL_SAFE void nudge_other(pid_t process, pid_t thread);

/// Has a thread that does not block `signal` take it from what its process holds.
SIGNAL_SAFE void nudge_to_take_held(pid_t tid, int signal);

SIGNAL_SAFE bool is_nudge(const siginfo_t& info);

}  // namespace weft::linux
