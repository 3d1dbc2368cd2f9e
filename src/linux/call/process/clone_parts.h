// What the files about clone share; for none other. Each object belongs to the thread that makes
// the call, on its stack, unless it says otherwise.
#pragma once

#include <linux/futex.h>
#include <linux/sched.h>

#include <atomic>
#include <csignal>
#include <memory>

#include "linux/call/process/clone.h"
#include "linux/call/process/exec.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/calls.h"

extern "C" int64_t weft_clone_borrowed(const uint64_t* call, void (*child)(void*), void* argument);

namespace weft::linux {

constexpr uint64_t signal_bit(int signal) { return uint64_t{1} << (signal - 1); }
/// Faults of the runtime's own must reach its handler at all times.
inline constexpr uint64_t kAsynchronous =
    ~(signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGFPE) | signal_bit(SIGILL) |
      signal_bit(SIGTRAP) | signal_bit(SIGSYS));

inline uint64_t set_kernel_mask(int how, uint64_t mask) {
  uint64_t old = 0;
  raw_syscall(__NR_rt_sigprocmask, static_cast<uint64_t>(how), word(&mask), word(&old),
              sizeof mask);
  return old;
}

/// The stack and the TLS, of our libc, that a child's kernel thread begins with. None: the
/// caller's.
struct HostBody {
  uint64_t stack = 0;      ///< lowest address
  uint64_t stack_top = 0;  ///< where the child begins
  uint64_t tls = 0;
};

/// The kernel call for `request`. What it says of stack and TLS is the program's, and in the
/// child's context.
struct KernelClone {
  clone_args args{};
  uint64_t call[6] = {};

  explicit KernelClone(const CloneRequest& request, const HostBody& body = {}) {
    constexpr uint64_t kEmulated = uint64_t{CLONE_SETTLS} | CLONE_CLEAR_SIGHAND;
    const uint64_t flags =
        (request.flags & ~kEmulated) | (body.tls != 0 ? uint64_t{CLONE_SETTLS} : 0);
    CloneRequest plain = request;
    plain.flags = flags;
    if (!plain.needs_clone3()) {
      call[0] = __NR_clone;
      call[1] = flags | request.exit_signal;
      call[2] = body.stack_top;
      call[3] = request.parent_tid;
      call[4] = request.child_tid;
      call[5] = body.tls;
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
    args.stack = body.stack;
    args.stack_size = body.stack_top - body.stack;
    args.tls = body.tls;
    call[0] = __NR_clone3;
    call[1] = word(&args);
    call[2] = sizeof args;
  }
  KernelClone(const KernelClone&) = delete;
  KernelClone& operator=(const KernelClone&) = delete;
};

/// What a new host thread is told. On its creator's stack until `done`.
struct CloneCalls::HostStart : ThreadStart {
  HostStart(CloneCalls& clone_calls, const ProgramThread& creator) : calls(&clone_calls) {
    parent = &creator;
  }
  HostStart(CloneCalls& clone_calls, const ProgramThread& creator,
            const x86::CpuContext& child_context, const CloneRequest& what, uint64_t mask)
      : calls(&clone_calls), request(what) {
    context = child_context;
    signal_mask = mask;
    parent = &creator;
  }

  CloneCalls* calls;
  CloneRequest request;
  SharedBody* body = nullptr;  ///< not a thread: what a process of its own in this memory needs
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
/// that made it, which the kernel keeps suspended meanwhile; or on that of its body.
struct CloneCalls::Borrow {
  CloneCalls* calls = nullptr;
  ProgramThread* thread = nullptr;
  uint64_t mask = 0;
  bool clear_actions = false;
  bool new_kernel_thread = false;  ///< not the parent's, with its runtime signal stack
  std::unique_ptr<ExecScratch> exec_scratch;
};

/// What a process needs that shares this memory and goes on beside its parent: a stack and TLS of
/// our libc, and a thread object. Made by a thread that ends without giving them back, and on its
/// stack; used again when its process is gone. Under CloneCalls::bodies_lock_.
struct CloneCalls::SharedBody {
  HostBody host;
  Borrow borrow;
  std::unique_ptr<SignalCalls::Suspended> signals;
  pid_t maker = 0;    ///< the thread that made it, and has to be gone before it is used
  pid_t process = 0;  ///< that uses it, or has used it last
};

}  // namespace weft::linux
