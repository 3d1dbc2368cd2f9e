// Which memory of the program a system call writes. Stateless; any thread.
#pragma once

#include <functional>

#include "base/address.h"
#include "linux/kernel/gate.h"

namespace weft::linux {

/// Calls `visit` for the buffers that `call` fills, where that is known: the calls that read files,
/// sockets and the like, and those that cannot be made again. They may be longer than what is
/// written, and need not be mapped.
void for_each_filled_buffer(const SyscallArguments& call,
                            const std::function<void(AppRange)>& visit);

/// Whether the kernel may write to this process's memory at any time during `call` and after it, at
/// places that lie in memory: rings (io_uring) and asynchronous I/O.
bool writes_unseen(const SyscallArguments& call);
/// The same of what `call` makes, if it succeeds.
bool prepares_unseen_writes(const SyscallArguments& call);

/// Whether `call` may write through pointers that lie in memory (ioctl and the like).
bool writes_through_structures(const SyscallArguments& call);

}  // namespace weft::linux
