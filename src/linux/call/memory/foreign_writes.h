// Writes of the program into the memory of another process, which may run under weft, too: its
// protection of pages does not stop them, and it hears of what they changed, and of tracers.
// Stateless; any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/address.h"
#include "linux/kernel/gate.h"
#include "linux/memory/layout.h"

namespace weft::linux {

/// The kernel answered the process_vm_writev `call` with `result`. Goes on where that process has
/// protected a page on its own account. The result for the program.
int64_t finish_foreign_write(const SyscallArguments& call, int64_t result);

/// The program has written to `range` of process or thread `id`, past page protection: if that runs
/// under weft, what it translated from there will not be entered again. For one that runs in the
/// code cache meanwhile, the call waits for it, a short time at most.
void note_foreign_write(pid_t id, AppRange range);

/// No program writes here. As a request it says that somebody is about to trace the process.
inline constexpr AppRange kTracerComes = kForeignPort;

/// Before ptrace attaches to another process: if that runs under weft, it sees to it that the
/// tracer hears of few faults of the runtime's own. True: it runs in this memory, and the caller
/// has to see to it, since whoever does must not be stopped meanwhile.
bool announce_tracer(const SyscallArguments& call);

}  // namespace weft::linux
