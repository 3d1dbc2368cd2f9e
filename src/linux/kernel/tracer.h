// Who traces a thread (ptrace). Reads /proc; not signal-safe.
#pragma once

namespace weft::linux {

/// The tracer's process number; 0 if there is none, or nobody can tell.
int tracer_of_this_thread();
/// That of the first thread when the process began, which an execve under weft has told already.
int tracer_at_start();

}  // namespace weft::linux
