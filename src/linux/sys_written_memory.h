// Which memory of the program a system call writes. Stateless; any thread.
#pragma once

#include <functional>

#include "base/address.h"
#include "linux/sys_gate.h"

namespace weft::linux {

/// Calls `visit` for the buffers that `call` fills, where that is known: the calls that read files,
/// sockets and the like. They may be longer than what is written, and need not be mapped.
void for_each_filled_buffer(const SyscallArguments& call,
                            const std::function<void(AppRange)>& visit);

/// Whether `call` may write through pointers that lie in memory (ioctl and the like).
bool writes_through_structures(const SyscallArguments& call);

}  // namespace weft::linux
