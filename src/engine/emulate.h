// Instructions that the cache cannot hold: far transfers, and rare uses of gs. Carried out on a
// saved state, on the program thread's own runtime stack.
#pragma once

#include <optional>

#include "base/address.h"
#include "x86/context.h"

namespace weft::engine {

/// What the program gets instead, where the instruction faults.
struct EmulationFault {
  int signal;
  int code;
  uint64_t address;
};

/// Carries out the instruction at context.rip and moves rip on. Reads and writes program memory,
/// and so may fault like the program; the fault is then returned and `context` is unchanged.
std::optional<EmulationFault> emulate(x86::CpuContext& context);

}  // namespace weft::engine
