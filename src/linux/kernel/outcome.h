#pragma once

// What handling a system call came to, for the dispatcher.

#include <cstdint>

namespace weft::linux {

/// What the dispatcher does after a system call was handled.
enum class Outcome : uint8_t {
  /// The context holds what the program sees next (the call's result, or after rt_sigreturn the
  /// restored state). Pending signals are delivered, then it goes on at context.rip.
  kContinue,
  /// A signal came before the call was made: the context is back at the system call instruction.
  /// The pending signal has to be delivered before going on at context.rip.
  kNotMade,
  /// The thread has ended. The dispatcher returns from its loop, out of run_thread() or run(); the
  /// kernel thread ends when that returns to this layer. Never answered in the main thread or in
  /// a borrowed one: those end inside the call.
  kThreadEnds,
};

}  // namespace weft::linux
