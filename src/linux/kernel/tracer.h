// Who traces the calling thread (ptrace). Reads /proc; not signal-safe.
#pragma once

namespace weft::linux {

/// The tracer's process number; 0 if there is none, or nobody can tell.
int tracer_of_this_thread();

}  // namespace weft::linux
