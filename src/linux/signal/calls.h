// What the emulation of system calls needs of the signal services. Implemented by SignalServices
// (or by a test); the calls come from the thread that is named, in runtime code.
#pragma once

#include <csignal>
#include <cstdint>
#include <memory>

#include "linux/kernel/gate.h"
#include "linux/kernel/outcome.h"
#include "linux/kernel/program_thread.h"
#include "x86/context.h"

namespace weft::linux {

class SignalCalls {
 public:
  /// What a thread sets aside while a vfork child runs on its thread object.
  struct Suspended {
    virtual ~Suspended() = default;
  };

  virtual ~SignalCalls() = default;

  /// Whether system call `number` is carried out by handle(): rt_sigaction, rt_sigprocmask,
  /// sigaltstack, rt_sigreturn, rt_sigpending and the like.
  virtual bool handles(int64_t number) const = 0;
  virtual Outcome handle(ProgramThread& thread, x86::CpuContext& context) = 0;

  /// Makes `call` by the gate. It can show signals that the thread blocks, or makes a descriptor
  /// that can (SystemCall::shows_signals).
  virtual int64_t make_call(ProgramThread& thread, const SyscallArguments& call) {
    return weft_syscall_gate(&call, thread.signal_pending);
  }

  /// Has `info.si_signo` delivered to `thread` before it goes on, as for a fault: if the program
  /// blocks or ignores it, its default action is taken.
  virtual void force(ProgramThread& thread, const siginfo_t& info) = 0;

  /// The program's signal mask, where the kernel's is `kernel_mask`.
  virtual uint64_t program_mask(const ProgramThread& thread, uint64_t kernel_mask) const = 0;

  /// The signals that the program ignores and those it has handlers for, as bits.
  virtual void dispositions(const ProgramThread& thread, uint64_t* ignored, uint64_t* caught) = 0;

  /// Before execve: gives the kernel what the new image inherits (ignored signals, the mask). After
  /// a failure, undo_exec() takes it back.
  virtual void prepare_exec(ProgramThread& thread) = 0;
  virtual void undo_exec(ProgramThread& thread) = 0;

  /// The thread ends, and has all signals blocked: what it took for the whole process another
  /// thread gets.
  virtual void give_back(ProgramThread& thread) = 0;

  /// In the child of a fork, before anything else of this layer runs there.
  virtual void after_fork_child(ProgramThread& thread) = 0;

  /// In the parent before a vfork-like clone: from now on `thread` has a copy of the table of
  /// signal actions to itself (`own_actions`; shared with CLONE_SIGHAND), and nothing pending.
  virtual std::unique_ptr<Suspended> suspend(ProgramThread& thread, bool own_actions) = 0;
  /// In the parent after it: as it was before suspend().
  virtual void resume(ProgramThread& thread, std::unique_ptr<Suspended> suspended) = 0;
  /// For a process that shares this memory and runs beside its parent. In the parent, before: the
  /// child's thread object has what it inherits, and nothing pending.
  virtual void begin_shared(ProgramThread& child, const ProgramThread& parent) = 0;
  /// In the child: gives the kernel thread the thread object's runtime signal stack.
  virtual void attach_kernel_thread(ProgramThread& thread) = 0;
  /// In the child: all handlers were reset to the default (CLONE_CLEAR_SIGHAND).
  virtual void reset_actions(ProgramThread& thread) = 0;
  /// The runtime's libc has made a thread: what handlers it may have installed for itself give way
  /// to the program's.
  virtual void thread_made() {}
};

}  // namespace weft::linux
