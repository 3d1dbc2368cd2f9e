// prctl and arch_prctl, as far as they are about what the runtime has in place of the kernel.
// Stateless; the calling thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "linux/kernel/gate.h"
#include "x86/context.h"

namespace weft::linux {

/// The answer to a prctl that the kernel would answer otherwise. `auxv`: the program's.
std::optional<int64_t> answer_prctl(const SyscallArguments& call, const std::vector<uint8_t>& auxv);

/// fs and gs are those of the program's saved state.
int64_t arch_prctl(x86::CpuContext& context, const SyscallArguments& call);

}  // namespace weft::linux
