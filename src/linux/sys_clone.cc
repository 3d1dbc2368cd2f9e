#include "linux/sys_clone.h"

#include <cpuid.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <vector>

#include "linux/raw_syscall.h"
#include "linux/sys_exec.h"
#include "linux/sys_program_memory.h"

extern "C" int64_t weft_clone_borrowed(const uint64_t* call, void (*child)(void*), void* argument);

namespace weft::linux {
namespace {

constexpr uint64_t bit(int signal) { return uint64_t{1} << (signal - 1); }
/// Faults of the runtime's own must reach its handler at all times.
constexpr uint64_t kAsynchronous =
    ~(bit(SIGSEGV) | bit(SIGBUS) | bit(SIGFPE) | bit(SIGILL) | bit(SIGTRAP) | bit(SIGSYS));

uint64_t set_kernel_mask(int how, uint64_t mask) {
  uint64_t old = 0;
  raw_syscall(__NR_rt_sigprocmask, static_cast<uint64_t>(how), word(&mask), word(&old),
              sizeof mask);
  return old;
}

size_t xsave_size() {
  unsigned eax = 0;
  unsigned enabled = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  constexpr unsigned kXsaveLeaf = 0xd;
  return __get_cpuid_count(kXsaveLeaf, 0, &eax, &enabled, &ecx, &edx) != 0 ? enabled : 512;
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

/// The kernel call for `request`, of a child that goes on on the caller's stack, with the caller's
/// TLS: both of these are the program's, and in the child's context.
struct KernelClone {
  clone_args args{};
  uint64_t call[6] = {};

  explicit KernelClone(const CloneRequest& request) {
    const uint64_t flags = request.flags & ~uint64_t{CLONE_SETTLS} & ~uint64_t{CLONE_CLEAR_SIGHAND};
    CloneRequest plain = request;
    plain.flags = flags;
    if (!plain.needs_clone3()) {
      call[0] = __NR_clone;
      call[1] = flags | request.exit_signal;
      call[3] = request.parent_tid;
      call[4] = request.child_tid;
      return;
    }
    args.flags = flags;
    args.pidfd = request.pidfd;
    args.child_tid = request.child_tid;
    args.parent_tid = request.parent_tid;
    args.exit_signal = request.exit_signal;
    args.set_tid = request.set_tid;
    args.set_tid_size = request.set_tid_size;
    args.cgroup = request.cgroup;
    call[0] = __NR_clone3;
    call[1] = word(&args);
    call[2] = sizeof args;
  }
  KernelClone(const KernelClone&) = delete;
  KernelClone& operator=(const KernelClone&) = delete;
};

/// A fork that libc's own fork() can make, which also brings its allocator through it whole.
bool is_plain_fork(const CloneRequest& request) {
  constexpr uint64_t kEmulated = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID |
                                 CLONE_SETTLS | CLONE_DETACHED | CLONE_CLEAR_SIGHAND;
  return request.exit_signal == SIGCHLD && (request.flags & ~kEmulated) == 0 &&
         request.set_tid_size == 0;
}

}  // namespace

/// What a new host thread is told. On its creator's stack until `done`.
struct CloneCalls::HostStart : ThreadStart {
  HostStart(CloneCalls& clone_calls, const ProgramThread& creator,
            const x86::CpuContext& child_context, const CloneRequest& what, uint64_t mask)
      : calls(&clone_calls), request(what) {
    context = child_context;
    signal_mask = mask;
    parent = &creator;
  }

  CloneCalls* calls;
  CloneRequest request;
  bool shares_memory_only = false;  ///< a process of its own, not a thread
  int64_t result = 0;
  std::atomic<uint32_t> done{0};

  void finish(int64_t answer) {
    result = answer;
    // Release: the result is there when the creator sees this; the start may be gone right after.
    done.store(1, std::memory_order_release);
    raw_syscall(__NR_futex, word(&done), FUTEX_WAKE_PRIVATE, 1);
  }
  void wait() {
    while (done.load(std::memory_order_acquire) == 0) {
      raw_syscall(__NR_futex, word(&done), FUTEX_WAIT_PRIVATE, 0);
    }
  }
};

/// A child that runs in this memory on a thread object of this process. On the stack of the thread
/// that made it, which the kernel keeps suspended meanwhile.
struct CloneCalls::Borrow {
  CloneCalls* calls = nullptr;
  ProgramThread* thread = nullptr;
  uint64_t mask = 0;
  bool clear_actions = false;
  HostStart* start = nullptr;  ///< whom to tell the number
  std::unique_ptr<ExecScratch> exec_scratch;
};

int64_t CloneCalls::handle(ProgramThread& thread, x86::CpuContext& context,
                           const SyscallArguments& call) {
  CloneRequest request;
  int64_t error = read_clone_request(call, &request);
  if (error == 0) error = check_clone_request(request);
  if (error != 0) return error;

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
  thread.pid = static_cast<pid_t>(raw_syscall(__NR_getpid));
  thread.tid = static_cast<pid_t>(raw_syscall(__NR_gettid));
  thread.host_stack = start.calls->host_threads_.stack_of(__builtin_frame_address(0));
  thread.seccomp = start.parent->seccomp;
  thread.seccomp_generation = start.parent->seccomp_generation;
  // libc set both of these for itself; what the kernel does at this thread's end is the program's.
  constexpr uint64_t kRobustHeadSize = 24;
  raw_syscall(__NR_set_robust_list, 0, kRobustHeadSize);
  raw_syscall(__NR_set_tid_address, start.clear_child_tid);

  const CloneRequest& request = start.request;
  if (start.shares_memory_only) {
    CloneRequest suspending = request;
    suspending.flags |= CLONE_VFORK;
    CloneCalls& calls = *start.calls;
    const int64_t result =
        calls.clone_borrowed(thread, start.context, suspending, start.signal_mask, &start);
    // If there is a child, it has answered for itself, and `start` is gone.
    if (failed(result)) start.finish(result);
    return false;
  }
  const uint64_t unshared = ~request.flags & (CLONE_FS | CLONE_FILES | CLONE_SYSVSEM);
  if (unshared != 0) raw_syscall(__NR_unshare, unshared);
  const pid_t tid = thread.tid;
  if (start.set_child_tid != 0) write_program(start.set_child_tid, tid);
  if ((request.flags & CLONE_PARENT_SETTID) != 0) write_program(request.parent_tid, tid);
  start.finish(tid);
  return true;
}

int64_t CloneCalls::share_memory(ProgramThread& thread, const x86::CpuContext& child_context,
                                 const CloneRequest& request, uint64_t mask) {
  HostStart start(*this, thread, child_context, request, mask);
  start.shares_memory_only = true;
  return start_host_thread(start);
}

int64_t CloneCalls::borrow(ProgramThread& thread, const x86::CpuContext& child_context,
                           const CloneRequest& request, uint64_t mask) {
  return clone_borrowed(thread, child_context, request, mask, nullptr);
}

int64_t CloneCalls::clone_borrowed(ProgramThread& thread, const x86::CpuContext& child_context,
                                   const CloneRequest& request, uint64_t mask, HostStart* start) {
  // Its child may do the same, and so on: each lives on this stack below its parent.
  constexpr uint64_t kRoomForChild = 128u << 10;
  const auto here = word(__builtin_frame_address(0));
  if (thread.host_stack != 0 && here - thread.host_stack < kRoomForChild) return -EAGAIN;

  Borrow borrow;
  borrow.calls = this;
  borrow.thread = &thread;
  borrow.mask = mask;
  borrow.clear_actions = (request.flags & CLONE_CLEAR_SIGHAND) != 0;
  borrow.start = start;

  // All that the child changes of the thread object.
  const ProgramThread saved_thread = thread;
  const x86::CpuContext saved_context = *thread.context;
  const auto* xsave = static_cast<const uint8_t*>(thread.xsave);
  const std::vector<uint8_t> saved_xsave(xsave, xsave == nullptr ? nullptr : xsave + xsave_size());
  auto saved_signals = signals_.suspend(thread, (request.flags & CLONE_SIGHAND) == 0);

  *thread.context = child_context;
  thread.borrowed = true;
  thread.exec_scratch = &borrow.exec_scratch;
  const KernelClone clone(request);
  const int64_t result = weft_clone_borrowed(clone.call, &CloneCalls::run_borrow, &borrow);

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
  thread.pid = static_cast<pid_t>(raw_syscall(__NR_getpid));
  thread.tid = static_cast<pid_t>(raw_syscall(__NR_gettid));
  if (borrow.start != nullptr) borrow.start->finish(thread.tid);
  if (borrow.clear_actions) borrow.calls->signals_.reset_actions(thread);
  set_kernel_mask(SIG_SETMASK, borrow.mask & kAsynchronous);
  borrow.calls->runtime_.run_borrowed(thread);
  check_failed(__FILE__, __LINE__, "a borrowed child left its dispatcher");
}

int64_t CloneCalls::fork_process(ProgramThread& thread, x86::CpuContext& context,
                                 const CloneRequest& request) {
  const bool plain = is_plain_fork(request);
  const KernelClone clone(request);
  runtime_.before_fork(thread);
  memory_.lock_for_fork();
  host_threads_.lock_for_fork();
  int64_t result = 0;
  if (plain) {
    result = fork();
    if (result < 0) result = -errno;
  } else {
    // Flags that fork() has not. Other threads may be inside libc's allocator at this moment; the
    // locks that before_fork() took keep those out that are in the runtime.
    result = raw_syscall(static_cast<int64_t>(clone.call[0]), clone.call[1], clone.call[2],
                         clone.call[3], clone.call[4], clone.call[5]);
  }
  host_threads_.unlock_after_fork();
  memory_.unlock_after_fork();
  if (result == 0) {
    become_fork_child(thread, context, request, plain);
  } else if (plain && result > 0 && (request.flags & CLONE_PARENT_SETTID) != 0) {
    write_program(request.parent_tid, static_cast<pid_t>(result));
  }
  runtime_.after_fork(thread, result == 0);
  return result;
}

void CloneCalls::become_fork_child(ProgramThread& thread, x86::CpuContext& context,
                                   const CloneRequest& request, bool libc_knows) {
  thread.pid = static_cast<pid_t>(raw_syscall(__NR_getpid));
  thread.tid = static_cast<pid_t>(raw_syscall(__NR_gettid));
  thread.borrowed = false;
  thread.exec_scratch = nullptr;
  live_threads_.store(1);
  host_threads_.after_fork_child(libc_knows);
  constexpr uint64_t kRobustHeadSize = 24;
  raw_syscall(__NR_set_robust_list, 0, kRobustHeadSize);
  const bool clears = (request.flags & CLONE_CHILD_CLEARTID) != 0;
  raw_syscall(__NR_set_tid_address, clears ? request.child_tid : 0);
  if ((request.flags & CLONE_CHILD_SETTID) != 0) write_program(request.child_tid, thread.tid);
  signals_.after_fork_child(thread);
  if ((request.flags & CLONE_CLEAR_SIGHAND) != 0) signals_.reset_actions(thread);
  const x86::CpuContext child = child_context_of(context, request);
  context = child;
}

}  // namespace weft::linux
