// The one place from which a program's blocking system calls are made, so that a signal handler can
// tell by the interrupted address whether the call was made. Any thread; signal-safe.
#pragma once

#include <cstdint>

#include "base/check.h"

namespace weft::linux {

/// Number and arguments of a system call, in the order in which the gate loads them.
struct SyscallArguments {
  int64_t number = 0;
  uint64_t a[6] = {};
};

/// What the gate returns if a signal came before the call was made. No system call returns it.
inline constexpr int64_t kInterruptedBeforeCall = -0x7eff;

extern "C" {
/// Makes the call unless `*signal_pending` is not 0. The answer is the kernel's, or
/// kInterruptedBeforeCall.
int64_t weft_syscall_gate(const SyscallArguments* arguments,
                          const volatile uint64_t* signal_pending);

// A handler that interrupts the gate with rip in [weft_gate_begin, weft_gate_syscall] (which is
// also where the kernel leaves a call that it would restart) sets rip to weft_gate_interrupted: the
// call has not been made. From weft_gate_end on it has been made, and its result stands.
extern const uint8_t weft_gate_begin[];
extern const uint8_t weft_gate_syscall[];
extern const uint8_t weft_gate_end[];
extern const uint8_t weft_gate_interrupted[];
}

enum class GatePlace : uint8_t { kOutside, kNotMade, kMade };

/// Where an interrupted `rip` stands with regard to the gate.
SIGNAL_SAFE inline GatePlace gate_place(uint64_t rip) {
  if (rip >= reinterpret_cast<uint64_t>(weft_gate_begin) &&
      rip <= reinterpret_cast<uint64_t>(weft_gate_syscall)) {
    return GatePlace::kNotMade;
  }
  return rip == reinterpret_cast<uint64_t>(weft_gate_end) ? GatePlace::kMade : GatePlace::kOutside;
}

}  // namespace weft::linux
