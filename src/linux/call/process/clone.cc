#include "linux/call/process/clone.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <vector>

#include "linux/call/process/clone_parts.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "x86/cpuid.h"

namespace weft::linux {
namespace {

size_t xsave_size() {
  constexpr uint32_t kXsaveLeaf = 0xd;
  constexpr size_t kLegacy = 512;
  return std::max<size_t>(x86::cpuid_if_there(kXsaveLeaf, 0).ebx, kLegacy);
}

/// What the child begins with: the parent's registers, 0 as the result, its own stack and TLS.
x86::CpuContext child_context_of(const x86::CpuContext& parent, const CloneRequest& request) {
  x86::CpuContext child = parent;
  child[x86::kRax] = 0;
  child[x86::kRcx] = parent.rip;
  child[x86::kR11] = parent.rflags;
  if (request.stack != 0) child[x86::kRsp] = request.stack;
  if ((request.flags & CLONE_SETTLS) != 0) child.fs_base = request.tls;
  return child;
}

/// A fork that libc's own fork() can make, which also brings its allocator through it whole.
bool is_plain_fork(const CloneRequest& request) {
  constexpr uint64_t kEmulated = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID |
                                 CLONE_SETTLS | CLONE_DETACHED | CLONE_CLEAR_SIGHAND;
  return request.exit_signal == SIGCHLD && (request.flags & ~kEmulated) == 0 &&
         request.set_tid_size == 0;
}

}  // namespace

int64_t CloneCalls::handle(ProgramThread& thread, x86::CpuContext& context,
                           const SyscallArguments& call) {
  CloneRequest request;
  int64_t error = read_clone_request(call, &request);
  if (error == 0) error = check_clone_request(request);
  if (error != 0) return error;

  let_kernel_write_numbers(request);
  const uint64_t kernel_mask = set_kernel_mask(SIG_BLOCK, kAsynchronous);
  const uint64_t mask = signals_.program_mask(thread, kernel_mask);
  int64_t result = kInterruptedBeforeCall;
  // A signal that has already been taken from the kernel belongs to the parent alone.
  if (*thread.signal_pending == 0) {
    const x86::CpuContext child = child_context_of(context, request);
    if ((request.flags & CLONE_THREAD) != 0) {
      result = start_thread(thread, child, request, mask);
    } else if ((request.flags & CLONE_VM) == 0) {
      result = fork_process(thread, context, request);
    } else if ((request.flags & CLONE_VFORK) != 0) {
      result = borrow(thread, child, request, mask);
    } else {
      result = share_memory(thread, child, request, mask);
    }
  }
  set_kernel_mask(SIG_SETMASK, kernel_mask);
  return result;
}

int64_t CloneCalls::fork_here(ProgramThread& thread) {
  CloneRequest request;
  request.exit_signal = SIGCHLD;
  const uint64_t kernel_mask = set_kernel_mask(SIG_BLOCK, kAsynchronous);
  // The child's registers are those of the call that it is in, too.
  x86::CpuContext context = *thread.context;
  const int64_t result = fork_process(thread, context, request);
  set_kernel_mask(SIG_SETMASK, kernel_mask);
  return result;
}

void CloneCalls::let_kernel_write_numbers(const CloneRequest& request) {
  if (!runtime_.protects_pages()) return;
  for (const uint64_t at : {request.parent_tid, request.child_tid, request.pidfd}) {
    if (at != 0) runtime_.let_kernel_write({{at}, {at + sizeof(pid_t)}});
  }
}

int64_t CloneCalls::start_thread(ProgramThread& thread, const x86::CpuContext& child_context,
                                 const CloneRequest& request, uint64_t mask) {
  if (request.set_tid_size != 0) return -EPERM;
  HostStart start(*this, thread, child_context, request, mask);
  if ((request.flags & CLONE_CHILD_SETTID) != 0) start.set_child_tid = request.child_tid;
  if ((request.flags & CLONE_CHILD_CLEARTID) != 0) start.clear_child_tid = request.child_tid;
  live_threads_.fetch_add(1);
  const int64_t result = start_host_thread(start);
  if (failed(result)) live_threads_.fetch_sub(1);
  return result;
}

int64_t CloneCalls::start_host_thread(HostStart& start) {
  const int64_t error = host_threads_.start(&CloneCalls::run_host_thread, &start);
  signals_.thread_made();
  if (error != 0) return error;
  start.wait();
  return start.result;
}

void CloneCalls::run_host_thread(void* argument) {
  auto& start = *static_cast<HostStart*>(argument);
  start.calls->runtime_.run_thread(start);
}

bool CloneCalls::announce(ThreadStart& thread_start, ProgramThread& thread) {
  auto& start = static_cast<HostStart&>(thread_start);
  thread.pid = kernel::current_process();
  thread.tid = kernel::current_thread();
  thread.host_stack = start.calls->host_threads_.stack_of(__builtin_frame_address(0));
  thread.seccomp = start.parent->seccomp;
  thread.seccomp_generation = start.parent->seccomp_generation;
  // libc set both of these for itself; what the kernel does at this thread's end is the program's.
  constexpr uint64_t kRobustHeadSize = 24;
  raw_syscall(__NR_set_robust_list, 0, kRobustHeadSize);
  raw_syscall(__NR_set_tid_address, start.clear_child_tid);

  const CloneRequest& request = start.request;
  if (start.body != nullptr) leave_body(start, thread);
  const uint64_t unshared = ~request.flags & (CLONE_FS | CLONE_FILES | CLONE_SYSVSEM);
  if (unshared != 0) raw_syscall(__NR_unshare, unshared);
  const pid_t tid = thread.tid;
  if (start.set_child_tid != 0) write_program(start.set_child_tid, tid);
  if ((request.flags & CLONE_PARENT_SETTID) != 0) write_program(request.parent_tid, tid);
  start.finish(tid);
  return true;
}

int64_t CloneCalls::borrow(ProgramThread& thread, const x86::CpuContext& child_context,
                           const CloneRequest& request, uint64_t mask) {
  // Its child may do the same, and so on: each lives on this stack below its parent.
  constexpr uint64_t kRoomForChild = 128u << 10;
  const auto here = word(__builtin_frame_address(0));
  if (thread.host_stack != 0 && here - thread.host_stack < kRoomForChild) return -EAGAIN;

  Borrow borrow;
  borrow.calls = this;
  borrow.thread = &thread;
  borrow.mask = mask;
  borrow.clear_actions = (request.flags & CLONE_CLEAR_SIGHAND) != 0;

  // All that the child changes of the thread object.
  const ProgramThread saved_thread = thread;
  const x86::CpuContext saved_context = *thread.context;
  const auto* xsave = static_cast<const uint8_t*>(thread.xsave);
  const std::vector<uint8_t> saved_xsave(xsave, xsave == nullptr ? nullptr : xsave + xsave_size());
  auto saved_signals = signals_.suspend(thread, (request.flags & CLONE_SIGHAND) == 0);

  *thread.context = child_context;
  thread.borrowed = true;
  thread.shares_memory = false;
  thread.exec_scratch = &borrow.exec_scratch;
  const KernelClone clone(request);
  const int64_t result = weft_clone_borrowed(clone.call, &CloneCalls::run_borrow, &borrow);
  // A child that was killed may have been anywhere.
  runtime_.abandoned(thread);

  SignalState* const signal_state = thread.signals;
  thread = saved_thread;
  thread.signals = signal_state;
  *thread.context = saved_context;
  if (xsave != nullptr) std::memcpy(thread.xsave, saved_xsave.data(), saved_xsave.size());
  signals_.resume(thread, std::move(saved_signals));
  *thread.signal_pending = 0;  // the child's
  return result;
}

void CloneCalls::run_borrow(void* argument) {
  auto& borrow = *static_cast<Borrow*>(argument);
  ProgramThread& thread = *borrow.thread;
  thread.pid = kernel::current_process();
  thread.tid = kernel::current_thread();
  if (borrow.new_kernel_thread) borrow.calls->signals_.attach_kernel_thread(thread);
  if (borrow.clear_actions) borrow.calls->signals_.reset_actions(thread);
  set_kernel_mask(SIG_SETMASK, borrow.mask & kAsynchronous);
  borrow.calls->runtime_.run_borrowed(thread);
  check_failed(__FILE__, __LINE__, "a borrowed child left its dispatcher");
}

void CloneCalls::add_fork_locks(ForkLocks& locks) {
  host_threads_.add_fork_locks(locks);
  locks.add(bodies_lock_);
}

int64_t CloneCalls::fork_process(ProgramThread& thread, x86::CpuContext& context,
                                 const CloneRequest& request) {
  const KernelClone clone(request);
  // Each page that the child need not write is one that need not be copied for it.
  const bool alone = runtime_.is_alone();
  const bool by_libc = is_plain_fork(request) && !alone;
  runtime_.before_fork(thread);
  int64_t result = 0;
  if (by_libc) {
    result = fork();
    if (result < 0) result = -errno;
  } else {
    // Flags that fork() has not, or nobody to be told. In the former case other threads may be
    // inside libc's allocator at this moment; the locks that before_fork() took keep those out that
    // are in the runtime.
    result = raw_syscall(static_cast<int64_t>(clone.call[0]), clone.call[1], clone.call[2],
                         clone.call[3], clone.call[4], clone.call[5]);
  }
  if (result == 0) become_fork_child(thread, context, request, by_libc);
  runtime_.after_fork(thread, result == 0);
  if (!by_libc) return result;
  // Only now: a write to a page that the runtime protects takes its locks.
  if (result == 0 && (request.flags & CLONE_CHILD_SETTID) != 0) {
    write_program(request.child_tid, thread.tid);
  } else if (result > 0 && (request.flags & CLONE_PARENT_SETTID) != 0) {
    write_program(request.parent_tid, static_cast<pid_t>(result));
  }
  return result;
}

void CloneCalls::become_fork_child(ProgramThread& thread, x86::CpuContext& context,
                                   const CloneRequest& request, bool by_libc) {
  thread.pid = thread.tid = kernel::current_process();
  thread.borrowed = false;
  thread.shares_memory = false;
  thread.exec_scratch = nullptr;
  if (live_threads_.load() != 1) live_threads_.store(1);
  host_threads_.after_fork_child(by_libc);
  if (!bodies_.empty()) bodies_.clear();
  if (by_libc) {
    // It has set both for itself.
    constexpr uint64_t kRobustHeadSize = 24;
    raw_syscall(__NR_set_robust_list, 0, kRobustHeadSize);
    const bool clears = (request.flags & CLONE_CHILD_CLEARTID) != 0;
    raw_syscall(__NR_set_tid_address, clears ? request.child_tid : 0);
  }
  signals_.after_fork_child(thread);
  if ((request.flags & CLONE_CLEAR_SIGHAND) != 0) signals_.reset_actions(thread);
  const x86::CpuContext child = child_context_of(context, request);
  context = child;
}

}  // namespace weft::linux
