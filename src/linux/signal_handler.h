// The process's one signal handler. SIGNAL_SAFE throughout; uses no thread-local storage before it
// has made sure that fs is our libc's.
#pragma once

#include "linux/signal_runtime.h"
#include "linux/signal_state.h"

namespace weft::linux {

/// struct sigaction as the system call has it.
struct KernelAction {
  uint64_t handler = 0;
  uint64_t flags = 0;
  uint64_t restorer = 0;
  SignalSet mask = 0;
};

/// Whom the handler asks. Set once, before the handler is installed anywhere.
void set_signal_runtime(SignalRuntime& runtime);

/// The kernel's action (struct sigaction of the system call) with which our handler stands for a
/// program's handler with `program_flags`.
void install_master_handler(int signal, uint64_t program_flags);

/// What a frame says of a fault that the runtime found for the program. `fetch`: of the instruction
/// itself.
SIGNAL_SAFE void describe_fault(SignalState& state, const siginfo_t& info, bool fetch);

/// Sets another handler of ours for a moment; returns the action before.
KernelAction exchange_host_action(int signal, void (*handler)(int, siginfo_t*, void*));

/// Makes a program thread that is in the code cache come out of it soon: by a signal, which the
/// program does not notice. The thread may have ended meanwhile.
SIGNAL_SAFE void nudge(const ProgramThread& thread);

/// Sets the calling kernel thread's mask; returns the one before.
uint64_t exchange_mask(uint64_t mask);

/// All signals but those that instructions raise.
inline constexpr SignalSet kAsynchronousSignals = ~kSynchronous;

}  // namespace weft::linux
