// The system calls that weft makes most for itself, with their types. They change no errno, so any
// fs will do. SIGNAL_SAFE, all.
#pragma once

#include <sys/syscall.h>
#include <sys/types.h>

#include <cstdint>

#include "base/address.h"
#include "base/check.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux::kernel {

/// `fd`: as the call that made it returned it.
SIGNAL_SAFE inline int64_t close(int64_t fd) {
  return raw_syscall(__NR_close, static_cast<uint64_t>(fd));
}

SIGNAL_SAFE inline pid_t current_process() { return static_cast<pid_t>(raw_syscall(__NR_getpid)); }
SIGNAL_SAFE inline pid_t current_thread() { return static_cast<pid_t>(raw_syscall(__NR_gettid)); }
SIGNAL_SAFE inline void yield() { raw_syscall(__NR_sched_yield); }

SIGNAL_SAFE inline int64_t unmap(uint64_t start, uint64_t size) {
  return raw_syscall(__NR_munmap, start, size);
}
SIGNAL_SAFE inline int64_t unmap(AppRange range) { return unmap(range.start.value, range.size()); }

/// `signal` for the calling thread, as the kernel sends it.
SIGNAL_SAFE inline int64_t send_to_self(int signal) {
  return raw_syscall(__NR_tgkill, static_cast<uint64_t>(current_process()),
                     static_cast<uint64_t>(current_thread()), static_cast<uint64_t>(signal));
}

[[noreturn]] SIGNAL_SAFE inline void end_process(uint64_t status) {
  for (;;) raw_syscall(__NR_exit_group, status);
}
/// The status that a shell shows for a process that died by `signal`.
inline constexpr int status_of_signal(int signal) { return 128 + signal; }

}  // namespace weft::linux::kernel
