// execve and execveat: the new image runs under weft again, and errors are those of the kernel.
// One object a process; any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "linux/call/file/proc_files.h"
#include "linux/call/process/held_root.h"
#include "linux/call/process/limits.h"
#include "linux/call/runtime.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/program_thread.h"
#include "linux/kernel/tracer.h"
#include "linux/signal/calls.h"

namespace weft::linux {

struct FollowOptions;

/// The arguments and environment that start weft for another program. Holds pointers to the
/// program's own strings; must stay as it is until execve has been called.
struct FollowCommand {
  std::vector<std::string> owned;
  std::vector<std::string> owned_environment;
  std::vector<const char*> argv;  ///< ends with a null pointer
  std::vector<const char*> envp;  ///< ends with a null pointer
};

/// What the new weft has to know beside its options.
struct FollowedExec {
  std::string path;
  std::string name;     ///< what the program gave to execve, where that is not `path`; else empty
  int fd = -1;          ///< an open file to be run instead of what `path` names; weft closes it
  int seccomp_fd = -1;  ///< for load_seccomp()
  std::string held;     ///< Surroundings::inheritance() if weft is started from the held root
  std::string kept;     ///< Surroundings::legacy() otherwise
};

/// "weft <options> [--exec-held=<held>|--exec-kept=<kept>] --exec-path=<path> [--exec-name=<name>]
/// [--exec-fd=<fd>]
/// [--seccomp-fd=<fd>] -- <argv>". `argv` and `envp` come without null pointers at the end.
FollowCommand follow_command(const FollowOptions& options, const FollowedExec& exec,
                             const std::vector<const char*>& argv,
                             const std::vector<const char*>& envp);

/// All that execve allocates. It outlives the call: a borrowed child that succeeds never comes back
/// to free it, so its parent does.
struct ExecScratch {
  std::string path;
  std::string name;  ///< as FollowedExec has it
  int fd = -1;       ///< a file that no path leads to
  int tracer = 0;    ///< of the calling thread
  std::vector<uint64_t> argv;
  std::vector<uint64_t> envp;
  std::vector<const char*> arguments;
  std::vector<const char*> environment;
  FollowCommand command;
};

class ExecCalls {
 public:
  /// All outlive this.
  ExecCalls(SysRuntime& runtime, SignalCalls& signals, Limits& limits, const ProcFiles& files,
            const FollowOptions& follow)
      : runtime_(runtime),
        signals_(signals),
        limits_(limits),
        files_(files),
        follow_(follow),
        tracer_at_start_(tracer_at_start()) {}

  /// Returns only if the call fails: -errno, or kInterruptedBeforeCall. `*scratch` is empty then,
  /// and holds what was allocated while the kernel carries the call out.
  int64_t handle(ProgramThread& thread, const SyscallArguments& call,
                 std::unique_ptr<ExecScratch>* scratch);

 private:
  int64_t execute(ProgramThread& thread, const SyscallArguments& call, ExecScratch& scratch);
  int64_t find_target(const ProgramThread& thread, const SyscallArguments& call,
                      ExecScratch* target) const;
  /// A debugger that the program runs is about to see the new image, and wants to see that alone.
  bool is_debugger(int tracer) const;
  int64_t run_followed(ProgramThread& thread, ExecScratch& scratch, WayToWeft way) const;
  int64_t start_weft(ProgramThread& thread, ExecScratch& scratch, const FollowedExec& exec,
                     WayToWeft way) const;
  int64_t run_native(ProgramThread& thread, const SyscallArguments& call) const;

  SysRuntime& runtime_;
  SignalCalls& signals_;
  Limits& limits_;
  const ProcFiles& files_;
  const FollowOptions& follow_;
  const int tracer_at_start_;  ///< who traces all of us, weft included
};

}  // namespace weft::linux
