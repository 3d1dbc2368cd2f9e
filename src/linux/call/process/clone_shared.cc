// Clone with CLONE_VM alone: a process that shares this memory and runs beside its parent. The
// program's thread makes the call itself (its child's parent, tracer and death signal are those of
// the native call), with a body that another kernel thread has left behind.
#include <asm/prctl.h>

#include <cerrno>

#include "base/check.h"
#include "linux/call/process/clone_parts.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"

namespace weft::linux {
namespace {

bool is_gone(pid_t tid) { return raw_syscall(__NR_tkill, static_cast<uint64_t>(tid), 0) == -ESRCH; }

}  // namespace

void CloneCalls::leave_body(HostStart& start, ProgramThread& thread) {
  SharedBody body;
  // Below this frame, which stays as it is, as do those above it.
  constexpr uint64_t kBelowFrame = 1024;
  constexpr uint64_t kStackAlignment = 16;
  body.host.stack = thread.host_stack;
  body.host.stack_top = (word(&body) - kBelowFrame) & ~(kStackAlignment - 1);
  raw_syscall(__NR_arch_prctl, ARCH_GET_FS, word(&body.host.tls));
  body.maker = thread.tid;
  body.borrow.calls = start.calls;
  body.borrow.thread = &thread;
  thread.borrowed = true;
  thread.exec_scratch = &body.borrow.exec_scratch;
  start.body = &body;
  start.finish(0);
  for (;;) raw_syscall(__NR_exit, 0);
}

CloneCalls::SharedBody* CloneCalls::take_body(ProgramThread& parent) {
  constexpr pid_t kTaken = -1;
  {
    const Locked held(bodies_lock_);
    for (SharedBody* body : bodies_) {
      // A number that somebody else has by now only delays the next use.
      if (body->process == kTaken || !is_gone(body->process)) continue;
      body->process = kTaken;
      runtime_.abandoned(*body->borrow.thread);
      runtime_.sharer_ending(*body->borrow.thread);
      return body;
    }
  }
  SharedBody none;
  HostStart start(*this, parent);
  start.body = &none;
  if (failed(start_host_thread(start))) return nullptr;
  SharedBody* body = start.body;
  while (!is_gone(body->maker)) kernel::yield();
  body->process = kTaken;
  const Locked held(bodies_lock_);
  bodies_.push_back(body);
  return body;
}

int64_t CloneCalls::share_memory(ProgramThread& thread, const x86::CpuContext& child_context,
                                 const CloneRequest& request, uint64_t mask) {
  SharedBody* body = take_body(thread);
  if (body == nullptr) return -EAGAIN;
  ProgramThread& child = *body->borrow.thread;
  *child.context = child_context;
  child.alt_stack = {nullptr, SS_DISABLE, 0};
  child.seccomp = thread.seccomp;
  child.seccomp_generation = thread.seccomp_generation;
  signals_.begin_shared(child, thread);
  body->signals = signals_.suspend(child, (request.flags & CLONE_SIGHAND) == 0);
  child.shares_memory = true;
  body->borrow.mask = mask;
  body->borrow.clear_actions = (request.flags & CLONE_CLEAR_SIGHAND) != 0;
  body->borrow.new_kernel_thread = true;
  const KernelClone clone(request, body->host);
  const int64_t result = weft_clone_borrowed(clone.call, &CloneCalls::run_borrow, &body->borrow);
  const Locked held(bodies_lock_);
  // A failed call leaves it to the next: that number no process has.
  body->process = failed(result) ? body->maker : static_cast<pid_t>(result);
  return result;
}

}  // namespace weft::linux
