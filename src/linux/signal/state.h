// What signal handling knows of one program thread. Owned by SignalServices; touched by its own
// thread and that thread's signal handler only.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>

namespace weft::linux {

struct KernelAction;  // src/linux/signal/frame.h
class HeldSignals;    // src/linux/signal/held.h

/// The kernel's signal set: bit (signal - 1).
using SignalSet = uint64_t;

constexpr SignalSet set_of(int signal) { return SignalSet{1} << (signal - 1); }

inline constexpr SignalSet kAllSignals = ~SignalSet{0};
inline constexpr SignalSet kUnblockable = set_of(SIGKILL) | set_of(SIGSTOP);

/// Signals that an instruction can raise. The runtime needs them for itself, so the kernel never
/// has them blocked; what the program blocks of them is kept in SignalState::virtual_blocked.
inline constexpr SignalSet kSynchronous = set_of(SIGSEGV) | set_of(SIGBUS) | set_of(SIGFPE) |
                                          set_of(SIGILL) | set_of(SIGTRAP) | set_of(SIGSYS);
inline constexpr int kSynchronousCount = 6;

/// Those that somebody sends to end a program.
inline constexpr SignalSet kEnding =
    set_of(SIGINT) | set_of(SIGTERM) | set_of(SIGHUP) | set_of(SIGQUIT);

inline constexpr SignalSet kIgnoredByDefault =
    set_of(SIGCHLD) | set_of(SIGCONT) | set_of(SIGURG) | set_of(SIGWINCH);
inline constexpr SignalSet kStopsByDefault =
    set_of(SIGSTOP) | set_of(SIGTSTP) | set_of(SIGTTIN) | set_of(SIGTTOU);

/// What the process's held signals need to know of one of its threads. Under their lock, but for
/// the thread's own fields `copies` and `generations`.
struct ThreadHolding {
  pid_t tid = 0;
  ThreadHolding* next = nullptr;
  const volatile SignalSet* blocked = nullptr;  ///< SignalState::virtual_blocked
  SignalSet shown = 0;   ///< the kernel blocks these for the call that the thread is in
  SignalSet copies = 0;  ///< of them: sent to the thread, so that the call can show them
  uint64_t generations[kSynchronousCount]{};  ///< of which signal each is a copy
};

/// What is read and written in most system calls comes last, so that it can lie in one page with
/// the rest of a thread that is.
struct SignalState {
  /// Taken by the handler, not yet given to the program. While there is one, the kernel has all
  /// asynchronous signals blocked, so one place is enough for them.
  siginfo_t pending{};
  /// Of kSynchronous: sent to this thread while the program blocks them or another one is pending.
  siginfo_t held[kSynchronousCount]{};
  /// Those sent to the process, and what it knows of this thread; see HeldSignals.
  HeldSignals* of_process = nullptr;

  volatile bool has_pending = false;
  bool synchronous = false;     ///< pending came from an instruction, not from a sender
  bool in_masked_call = false;  ///< pending ended a call with a mask of its own (sigsuspend, ppoll)
  bool stepping = false;        ///< single-stepping to a place where pending can be delivered
  bool unchecked = false;       ///< alignment checks are off for one instruction of ours
  SignalSet mask_before = 0;    ///< the kernel's mask of the program, while has_pending
  SignalSet call_mask = 0;      ///< that of the masked call

  volatile SignalSet virtual_blocked = 0;  ///< of kSynchronous; any thread may read it
  volatile SignalSet held_set = 0;         ///< of `held`
  ThreadHolding holding;

  uint64_t error_code = 0;  ///< of the last synchronous fault, for frames
  uint64_t trap_number = 0;
  uint64_t fault_address = 0;
  void* host_stack = nullptr;
  /// The table of actions that a child of vfork has to itself, indexed by signal; null: the
  /// process's. Other threads of the parent go on meanwhile, with the table of their own.
  KernelAction* own_actions = nullptr;
};

}  // namespace weft::linux
