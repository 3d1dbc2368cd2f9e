// What the emulation of system calls needs of the engine above it, and what it answers.
// Implemented by the engine; the calls may come from any program thread, in runtime code, with no
// lock of this layer held.
#pragma once

#include <cstdint>
#include <string>

#include "base/address.h"
#include "linux/kernel/outcome.h"
#include "linux/kernel/program_thread.h"
#include "linux/memory/address_space.h"
#include "x86/context.h"

namespace weft::linux {

/// How a new program thread starts. Owned by the creating thread, which waits until the new one has
/// called announce_thread(); gone after that.
struct ThreadStart {
  x86::CpuContext context;     ///< complete: result 0 in rax, its own rsp and fs_base
  uint64_t signal_mask = 0;    ///< to be set when the thread is ready to take signals
  uint64_t set_child_tid = 0;  ///< address that gets the tid, or 0
  uint64_t clear_child_tid = 0;
  const ProgramThread* parent = nullptr;
};

class SysRuntime {
 public:
  virtual ~SysRuntime() = default;

  /// The bytes in `range` are no longer what they were, or may not be executed any more, or may be
  /// written where AddressSpace::consult() said that they are not: unmapped, mapped over, moved,
  /// discarded or protected otherwise. Called after the change, before the program sees the call's
  /// result. Every fragment that overlaps has to go.
  virtual void code_changed(AppRange range) = 0;
  /// What code_changed() was called for, while it was still in the record so that no other thread
  /// could map there, has left the record.
  virtual void code_unmapped(AppRange range) { static_cast<void>(range); }
  /// `range` was made executable (a module mapped, a JIT's memory). Called after the change.
  virtual void mapped_executable(AppRange range) = 0;
  /// From now on a tracer is asked about each signal of this process, the runtime's own faults
  /// included, and may swallow them: there should be none.
  virtual void trace_begins() {}
  /// The program gives `range` the protection `prot`, or is about to move it: what the runtime took
  /// away there on its own account is given back. Returns what the kernel is to get: `prot`, or
  /// `prot` without PROT_WRITE.
  virtual int effective_protection(AppRange range, int prot) {
    return static_cast<void>(range), prot;
  }

  /// Whether write permission was taken away from any page on the runtime's account; cheap.
  virtual bool protects_pages() const { return false; }
  /// The kernel, or the runtime for the program, is about to write in `range`. Where write
  /// permission was taken away it is given back, for a time that outlasts a call that blocks. True
  /// if there was such a page.
  virtual bool let_kernel_write(AppRange range) { return static_cast<void>(range), false; }
  /// From now on the kernel writes to this process's memory without a system call that says where:
  /// no page of the program may be without its write permission any more.
  virtual void kernel_writes_unseen() {}
  /// A mapping of shared memory that the program may write through came or went, or its part
  /// `view` did, or the program changed that part of a file by a system call: what was translated
  /// from other mappings of the same memory has to go, so that it is translated as what it is now.
  /// After the change is in the record.
  virtual void shared_view_changed(const Mapping& view) { static_cast<void>(view); }

  /// On a new host thread, asynchronous signals blocked: makes the thread object, copies what it
  /// needs out of `start`, calls SyscallEmulator::announce_thread() (and returns if it says so),
  /// sets the signal mask and runs the program from start.context. Returns after
  /// Outcome::kThreadEnds, with the thread object gone.
  virtual void run_thread(ThreadStart& start) = 0;

  /// Whether `thread` is all that ever ran in this process, tools included: a fork then needs no
  /// locks, and libc need not know of it.
  virtual bool is_alone() const { return false; }

  /// Before a fork: takes every lock of the runtime (that of the address space included) and of the
  /// tools, so that the child's copy is whole. Nothing is allocated between this and after_fork().
  virtual void before_fork(ProgramThread& thread) = 0;
  /// After it, in the parent and (`child`) in the child, where only `thread` is left and pid and
  /// tid are already the new ones. Releases the locks; the child forgets all other threads.
  virtual void after_fork(ProgramThread& thread, bool child) = 0;

  /// In the child of a vfork-like clone, on the parent's thread object (`thread.borrowed` is set,
  /// pid and tid are the child's): sets gs for this kernel thread and runs the dispatcher from
  /// `*thread.context`, on the host stack below the caller. Never returns: the child leaves by
  /// execve or exit inside SyscallEmulator::handle(). The parent goes on with its own context,
  /// which this layer saves and restores.
  [[noreturn]] virtual void run_borrowed(ProgramThread& thread) = 0;

  /// The process that shared this memory and ran on `thread` is gone, wherever it was: the thread
  /// is quiescent, and may go on or be used by the next. The caller has the runtime's fs.
  virtual void abandoned(ProgramThread& thread) { static_cast<void>(thread); }

  /// A process that shared this memory beside its parent, on `thread` which is its own, is about to
  /// end, or was found gone. Not for children of vfork.
  virtual void sharer_ending(ProgramThread& thread) { static_cast<void>(thread); }

  /// The program thread is about to end by exit(2); still quiescent, still able to call tools.
  virtual void thread_ending(ProgramThread& thread) = 0;
  /// The process is about to end with `status` (exit_group, or the last thread's exit): buffers are
  /// flushed, tools told. Called once, not in a borrowed child.
  virtual void process_ending(ProgramThread& thread, int status) = 0;
  /// The same for a process that dies by `signal`.
  virtual void process_dying(ProgramThread& thread, int signal) {
    static_cast<void>(thread), static_cast<void>(signal);
  }
  /// execve is about to be called and can hardly fail any more: buffers are flushed. If it fails
  /// all the same, the program goes on. Called in a borrowed child, too.
  virtual void exec_starting(ProgramThread& thread) = 0;
};

}  // namespace weft::linux
