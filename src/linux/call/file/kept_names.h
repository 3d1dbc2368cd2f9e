// Ways to a kept descriptor other than its number as an argument: a path of /proc, a message, a
// pidfd. Stateless; any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "linux/call/file/descriptors.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/program_thread.h"

namespace weft::linux {

/// The answer to a call that would get at a kept descriptor so, as if it were closed; nullopt: it
/// is to be passed on, perhaps with fewer messages. Cheap for all but paths through a kept number.
std::optional<int64_t> refuse_kept(const ProgramThread& thread, SyscallArguments& call,
                                   const Descriptors& descriptors);

}  // namespace weft::linux
