// fork, vfork, clone and clone3. One object a process; any program thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/spin_lock.h"
#include "linux/call/memory/memory.h"
#include "linux/call/process/host_thread.h"
#include "linux/call/runtime.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/program_thread.h"
#include "linux/signal/calls.h"
#include "x86/context.h"

namespace weft::linux {

/// A clone in one form, whichever call asked for it.
struct CloneRequest {
  uint64_t flags = 0;  ///< CLONE_*, without the exit signal
  uint64_t exit_signal = 0;
  uint64_t stack = 0;  ///< the child's first stack pointer; 0: the parent's
  uint64_t parent_tid = 0;
  uint64_t child_tid = 0;
  uint64_t tls = 0;
  uint64_t pidfd = 0;
  uint64_t set_tid = 0;
  uint64_t set_tid_size = 0;
  uint64_t cgroup = 0;
  /// Only clone3 can express it.
  bool needs_clone3() const;
};

/// The request that `call` makes. 0 or -errno.
int64_t read_clone_request(const SyscallArguments& call, CloneRequest* request);

/// The errno that the kernel has for flags that exclude each other, negated; 0 if they do not.
int64_t check_clone_request(const CloneRequest& request);

class CloneCalls {
 public:
  CloneCalls(SysRuntime& runtime, SignalCalls& signals, MemoryCalls& memory)
      : runtime_(runtime), signals_(signals), memory_(memory) {}

  /// Both the parent and a forked child return from this, with their result; a vfork-like child
  /// and a thread start elsewhere. kInterruptedBeforeCall: a signal comes first.
  int64_t handle(ProgramThread& thread, x86::CpuContext& context, const SyscallArguments& call);

  /// The same as fork() of the program on its thread, where the runtime decides it: both processes
  /// return. The child's pid, 0 in the child, or -errno.
  int64_t fork_here(ProgramThread& thread);

  /// See SyscallEmulator::announce_thread().
  static bool announce(ThreadStart& start, ProgramThread& thread);

  /// Threads of the program that have not ended. The child of a fork begins with one.
  int live_threads() const { return live_threads_.load(); }
  /// True for the last one.
  bool thread_ended() { return live_threads_.fetch_sub(1) == 1; }
  void add_fork_locks(ForkLocks& locks);

 private:
  struct HostStart;
  struct Borrow;
  struct SharedBody;

  /// The kernel writes numbers into pages that the runtime may have protected.
  void let_kernel_write_numbers(const CloneRequest& request);
  int64_t start_thread(ProgramThread& thread, const x86::CpuContext& child_context,
                       const CloneRequest& request, uint64_t mask);
  int64_t fork_process(ProgramThread& thread, x86::CpuContext& context,
                       const CloneRequest& request);
  int64_t borrow(ProgramThread& thread, const x86::CpuContext& child_context,
                 const CloneRequest& request, uint64_t mask);
  int64_t share_memory(ProgramThread& thread, const x86::CpuContext& child_context,
                       const CloneRequest& request, uint64_t mask);
  SharedBody* take_body(ProgramThread& parent);
  /// In the thread that makes a body: ends it where it stands.
  [[noreturn]] static void leave_body(HostStart& start, ProgramThread& thread);
  void become_fork_child(ProgramThread& thread, x86::CpuContext& context,
                         const CloneRequest& request,
                         bool by_libc) NO_THREAD_SAFETY_ANALYSIS;  // the fork has all locks
  static void run_host_thread(void* start);
  [[noreturn]] static void run_borrow(void* borrow);
  int64_t start_host_thread(HostStart& start);

  SysRuntime& runtime_;
  SignalCalls& signals_;
  MemoryCalls& memory_;
  HostThreads host_threads_;
  std::atomic<int> live_threads_{1};
  SpinLock<LockRank::kSharedBodies> bodies_lock_;
  std::vector<SharedBody*> bodies_ GUARDED_BY(bodies_lock_);  ///< each on its own stack, for ever
};

}  // namespace weft::linux
