// Calls of the program that stop or end another process of this memory at once. That process may
// stand in the runtime then, with a lock that the caller would wait for. So they are made while no
// other thread of this memory holds any.
#pragma once

#include <cstdint>
#include <optional>

#include "linux/call/process/clone.h"
#include "linux/call/runtime.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/program_thread.h"

namespace weft::linux {

/// Makes `call` if it is one: SIGKILL or SIGSTOP to such a process, or ptrace that stops a thread
/// of it. The call's result; nothing for all other calls. The caller holds no lock.
std::optional<int64_t> stop_sharer(SysRuntime& runtime, CloneCalls& clones, ProgramThread& thread,
                                   const SyscallArguments& call);

}  // namespace weft::linux
