// Lists of the process's own descriptors (/proc/self/fd) without those of the runtime. Stateless;
// any thread.
#pragma once

#include <cstdint>

#include "linux/call/file/descriptors.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/program_thread.h"

namespace weft::linux {

/// Whether the directory `fd` is a list of the process's own descriptors.
bool lists_own_descriptors(const ProgramThread& thread, uint64_t fd);

/// Takes kept descriptors out of what a getdents64 or getdents with this result has listed; the
/// number of bytes that are left. 0 of more: all went, and the call is to be made again.
int64_t hide_kept(const ProgramThread& thread, const SyscallArguments& call, int64_t result,
                  const Descriptors& descriptors);

}  // namespace weft::linux
