// The handlers that the runtime's own libc installs for the signals that it keeps from programs
// (its threads' cancellation and changes of user), where the program's libc has handlers of its
// own. One object a process; learn() once, the rest is read only.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>

#include "linux/signal/state.h"

namespace weft::linux {

class LibcSignals {
 public:
  /// Has libc install now what it installs with its first thread, notes it, and gives the kernel
  /// the actions back that it had before. Before the runtime makes a thread.
  void learn();

  /// The signals for which the kernel has libc's handler.
  SignalSet taken() const;

 private:
  static constexpr int kFirst = 32;
  static constexpr int kMost = 4;
  /// Those below SIGRTMIN, as libc gives it to programs.
  static int end();

  std::array<uint64_t, kMost> handlers_{};  ///< 0: libc has none
};

}  // namespace weft::linux
