// The process's one signal handler. SIGNAL_SAFE throughout; uses no thread-local storage before it
// has made sure that fs is our libc's.
#pragma once

#include "linux/signal/runtime.h"
#include "linux/signal/state.h"

namespace weft::linux {

/// SA_RESTORER of the kernel's flags, which libc keeps to itself.
inline constexpr uint64_t kRestorerFlag = 0x04000000;

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

/// Sets another handler of ours for a moment; returns the action before.
KernelAction exchange_host_action(int signal, void (*handler)(int, siginfo_t*, void*));

/// Sets the calling kernel thread's mask; returns the one before.
uint64_t exchange_mask(uint64_t mask);

/// All signals but those that instructions raise.
inline constexpr SignalSet kAsynchronousSignals = ~kSynchronous;

}  // namespace weft::linux
