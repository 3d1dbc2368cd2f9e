// Runs the classic BPF programs that seccomp takes. Stateless; any thread; signal-safe.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>

#include "base/check.h"

namespace weft::linux {

/// What `program` returns for `data`. A program that the kernel's checks would have refused gets
/// SECCOMP_RET_KILL_PROCESS where it goes wrong.
SIGNAL_SAFE uint32_t run_bpf(std::span<const sock_filter> program, const seccomp_data& data);

}  // namespace weft::linux
