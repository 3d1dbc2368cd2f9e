// The process's one signal handler. SIGNAL_SAFE throughout; uses no thread-local storage before it has
// made sure that fs is our libc's.
#pragma once

#include "linux/signal_runtime.h"

namespace weft::linux {

/// Whom the handler asks. Set once, before the handler is installed anywhere.
void set_signal_runtime(SignalRuntime& runtime);

/// The kernel's action (struct sigaction of the system call) with which our handler stands for a
/// program's handler with `program_flags`.
void install_master_handler(int signal, uint64_t program_flags);

/// Sets the calling kernel thread's mask; returns the one before.
uint64_t exchange_mask(uint64_t mask);

/// All signals but those that instructions raise.
uint64_t asynchronous_signals();

}  // namespace weft::linux
