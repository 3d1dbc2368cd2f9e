// What signal handling needs of the engine above it. Implemented by the engine; the calls come from
// signal handlers on the thread concerned, so all of it is signal-safe.
#pragma once

#include <csignal>
#include <cstdint>

#include "base/check.h"
#include "linux/kernel/program_thread.h"
#include "x86/context.h"

namespace weft::linux {

/// Where a signal found a thread.
enum class Place : uint8_t {
  kCache,     ///< in the code cache, or at an address that cached code jumped to
  kEntering,  ///< between the last look at signal_pending and the cache
  kRuntime,   ///< anywhere else
};

enum class FaultAnswer : uint8_t {
  kProgram,  ///< the program's own fault; the registers are the program's now
  kHandled,  ///< the registers were changed so that the thread can go on
  kStep,     ///< as kHandled, but the thread leaves the cache after this one instruction
  kUncheck,  ///< this one instruction is ours, and is to run without alignment checks
  kLeave,    ///< as kHandled, but the thread leaves the cache at once
  kMoved,    ///< there is no fault: the program goes on with the registers, which are its own now
  kBug,      ///< not the program's doing
};

class SignalRuntime {
 public:
  virtual ~SignalRuntime() = default;

  /// The program thread that runs on this kernel thread; null if none does.
  SIGNAL_SAFE virtual ProgramThread* current() = 0;
  SIGNAL_SAFE virtual Place place(const ProgramThread& thread, uint64_t rip) = 0;
  /// Whether the thread is on its way into the cache, in it, or in code that it called and that
  /// returns into it: it looks at ProgramThread::signal_pending before it goes on for long.
  SIGNAL_SAFE virtual bool is_inside(const ProgramThread& thread) = 0;
  /// Makes the machine's registers, at a place in the cache, the program's own. False if the thread
  /// has to go on a little before that can be done.
  SIGNAL_SAFE virtual bool translate(ProgramThread& thread, x86::CpuContext& registers) = 0;
  /// A synchronous fault in the cache. May change `info` to what the program would see.
  /// `vector_state`: a standard-format XSAVE area, or null.
  SIGNAL_SAFE virtual FaultAnswer on_fault(ProgramThread& thread, siginfo_t& info,
                                           x86::CpuContext& registers,
                                           const void* vector_state) = 0;
  /// The runtime copies to the program's `address`, and the write faulted: true if that was on the
  /// runtime's own account, and can be tried again. Its caller holds no lock that this needs.
  virtual bool let_runtime_write(uint64_t address) { return static_cast<void>(address), false; }
  /// Where a thread goes on that is taken out of the cache with its context saved.
  SIGNAL_SAFE virtual uint64_t leave_cache_address() = 0;
  /// Where a thread goes on that was about to enter the cache.
  SIGNAL_SAFE virtual uint64_t abort_enter_address() = 0;
  /// Our libc's fs base for this thread.
  SIGNAL_SAFE virtual uint64_t host_fs(const ProgramThread& thread) = 0;
  /// The runtime's note of whose fs the thread has (FsOwner), which has to be true while a handler
  /// runs, too.
  SIGNAL_SAFE virtual uint64_t& fs_owner(const ProgramThread& thread) = 0;
  /// Whether need_runtime_fs() switches on this thread, and what fs is until then: 0, as it is, or
  /// where nothing can be accessed.
  struct LateFs {
    bool on = false;
    uint64_t until_then = 0;
  };
  SIGNAL_SAFE virtual LateFs late_fs(const ProgramThread& thread) = 0;
  /// `signal`, which is meant to end the program, waits for the runtime to come to an end.
  SIGNAL_SAFE virtual void signal_waits(ProgramThread& thread, int signal) {
    static_cast<void>(thread), static_cast<void>(signal);
  }
  /// What signal_waits() set a timer for; `info` is the timer's.
  SIGNAL_SAFE virtual void alarm(ProgramThread& thread, const siginfo_t& info,
                                 const x86::CpuContext& registers) {
    static_cast<void>(thread), static_cast<void>(info), static_cast<void>(registers);
  }
  /// What set_cpu_alarm() set a timer for. The thread comes to the dispatcher soon.
  SIGNAL_SAFE virtual void cpu_alarm(const siginfo_t& info) { static_cast<void>(info); }
  /// The code at `registers`, which is no program's, has sent itself SIGABRT. `thread`: null if it
  /// runs on no program thread.
  SIGNAL_SAFE virtual void aborted(ProgramThread* thread, const x86::CpuContext& registers) {
    static_cast<void>(thread), static_cast<void>(registers);
  }
  /// The process is about to die by `signal`: flush what is buffered.
  virtual void dying(ProgramThread& thread, int signal) = 0;
  /// After that, where a core will be dumped: all other program threads stop for good, and show the
  /// program's state. Nothing may be allocated from now on.
  virtual void park_others(const ProgramThread& dying) { static_cast<void>(dying); }
};

}  // namespace weft::linux
