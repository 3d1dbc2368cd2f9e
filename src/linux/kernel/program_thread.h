// What Linux knows of one program thread beyond its registers. Owned by the engine's thread object;
// written by its own thread (and by that thread's signal handler where a field says so).
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <memory>

#include "x86/context.h"

namespace weft::linux {

struct SeccompFilter;  // src/linux/call/process/seccomp.h
struct ExecScratch;    // src/linux/call/process/exec.h
struct SignalState;    // src/linux/signal/state.h

struct ProgramThread {
  /// As the kernel numbers them. A child of fork or vfork gets its own before it runs again.
  pid_t pid = 0;
  pid_t tid = 0;

  /// The program's registers while it is not in the cache: ThreadBlock::context.
  x86::CpuContext* context = nullptr;
  /// ThreadBlock::signal_pending. Not 0: a signal waits for delivery, so that no blocking call may
  /// begin. Set by the signal handler on this thread, read by the gate and by enter.S.
  volatile uint64_t* signal_pending = nullptr;
  /// The program's vector state in the standard XSAVE format (ThreadBlock::xsave).
  void* xsave = nullptr;
  uint64_t xsave_mask = 0;
  size_t xsave_size = 0;  ///< bytes of that area
  /// ThreadBlock::x87_apart: 0 is put there when the x87 state in that area is changed.
  uint64_t* x87_apart = nullptr;

  /// The program's alternate signal stack (sigaltstack); the kernel's is the runtime's own.
  stack_t alt_stack{nullptr, SS_DISABLE, 0};
  /// Where SignalServices has what is queued, saved and virtually blocked, from attach_thread() to
  /// detach_thread().
  SignalState* signals_room = nullptr;
  SignalState* signals = nullptr;  ///< null before and after

  /// The newest of its seccomp filters, null for none; see Seccomp.
  std::shared_ptr<const SeccompFilter> seccomp;
  uint64_t seccomp_generation = 0;

  /// The lowest address of the runtime stack that this thread is on; 0: not known.
  uint64_t host_stack = 0;

  /// This thread is the child of a vfork-like clone that has neither exited nor called execve: it
  /// runs in its parent's memory, on its parent's thread object, while the parent is suspended.
  bool borrowed = false;
  /// With `borrowed`: it is no child of vfork, but runs beside its parent, on a thread object of
  /// its own.
  bool shares_memory = false;
  /// Then: where execve leaves what it allocated, for the parent to free.
  std::unique_ptr<ExecScratch>* exec_scratch = nullptr;
};

}  // namespace weft::linux
