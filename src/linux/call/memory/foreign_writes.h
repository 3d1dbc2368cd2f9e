// Writes of the program into the memory of another process, which may run under weft, too: its
// protection of pages does not stop them, and it hears of what they changed. Stateless; any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/address.h"
#include "linux/kernel/gate.h"

namespace weft::linux {

/// The kernel answered the process_vm_writev `call` with `result`. Goes on where that process has
/// protected a page on its own account. The result for the program.
int64_t finish_foreign_write(const SyscallArguments& call, int64_t result);

/// The program has written to `range` of process or thread `id`, past page protection: if that runs
/// under weft, what it translated from there will not be entered again. For one that runs in the
/// code cache meanwhile, the call waits for it, a short time at most.
void note_foreign_write(pid_t id, AppRange range);

}  // namespace weft::linux
