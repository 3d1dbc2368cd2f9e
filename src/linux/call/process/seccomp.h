// seccomp for the program: its filters are run here, on the system calls that the program makes, so
// that they see its addresses and leave the runtime's own calls alone. The kernel is given the same
// filters with an instruction in front that allows everything: it checks them, counts them, and
// shows the mode. Filters are constant once installed; threads share them. Any program thread.
#pragma once

#include <linux/filter.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/fork_locks.h"
#include "base/spin_lock.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/program_thread.h"
#include "x86/context.h"

namespace weft::linux {

/// A thread's filters: the newest, and those before it.
struct SeccompFilter {
  std::vector<sock_filter> program;
  std::shared_ptr<const SeccompFilter> older;
  bool strict = false;  ///< SECCOMP_MODE_STRICT; no program
};

/// What the filters have decided about a call.
struct SeccompVerdict {
  uint32_t action = 0;  ///< SECCOMP_RET_*, without the data
  uint16_t data = 0;
};
SeccompVerdict judge(const SeccompFilter* newest, const SyscallArguments& call, uint64_t rip);

class Seccomp {
 public:
  /// Answers seccomp(2) and prctl(PR_SET_SECCOMP) where they install filters; nullopt for all else,
  /// and for what only the kernel can do (a listener for notifications).
  std::optional<int64_t> install(ProgramThread& thread, const SyscallArguments& call);

  /// The filters that hold for `thread`, whose call this is; null: none.
  const SeccompFilter* filters(ProgramThread& thread) {
    // Relaxed: a thread that has not seen the other's call return may still go by its old filters.
    if (thread.seccomp_generation != generation_.load(std::memory_order_relaxed)) adopt(thread);
    return thread.seccomp.get();
  }

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  int64_t install_filter(ProgramThread& thread, uint64_t flags, uint64_t address);
  int64_t install_strict(ProgramThread& thread);
  void adopt(ProgramThread& thread);

  /// SECCOMP_FILTER_FLAG_TSYNC: every thread takes `shared_` over at its next system call.
  std::atomic<uint64_t> generation_{0};
  SpinLock<LockRank::kSeccomp> lock_;
  std::shared_ptr<const SeccompFilter> shared_ GUARDED_BY(lock_);
};

/// Gives the kernel the filters as they are, for a program that will run without weft. 0 or -errno.
int64_t install_in_kernel(const SeccompFilter* newest);

/// A descriptor that holds the filters, for the weft that runs the next image; or -errno.
int save_seccomp(const SeccompFilter* newest);
/// What save_seccomp() has written; closes `fd`. Null if it cannot be read whole.
std::shared_ptr<const SeccompFilter> load_seccomp(int fd);

}  // namespace weft::linux
