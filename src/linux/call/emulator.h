// The program's system calls: those that the runtime has to see are emulated, all others passed on.
// One emulator a process, shared by all program threads; handle() is called by each on itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "linux/call/runtime.h"
#include "linux/kernel/program_thread.h"
#include "linux/memory/address_space.h"
#include "x86/context.h"

namespace weft::linux {

class SignalCalls;

/// How programs that the program starts are run.
struct FollowOptions {
  bool follow = true;
  /// weft's own options for the new image ("run", "--stats", ...), everything before "--".
  std::vector<std::string> arguments;
};

/// What a started program looks like to itself.
struct ProgramImage {
  std::string path;           ///< absolute, symbolic links resolved: what /proc/self/exe shows
  uint64_t device = 0;        ///< of that file
  uint64_t inode = 0;         ///< 0: not known
  uint64_t break_start = 0;   ///< page-aligned end of the executable's data; 0: a break elsewhere
  AppRange stack;             ///< the main thread's stack, for [stack] in /proc/self/maps
  std::vector<uint8_t> auxv;  ///< as on its stack, for /proc/self/auxv
  std::vector<std::string> arguments;  ///< for /proc/self/cmdline where prctl could not set it
  std::vector<std::string> environment;
  int seccomp_fd = -1;  ///< --seccomp-fd of a followed exec: filters that hold from the start
  bool kernel_knows_arguments = false;  ///< prctl(PR_SET_MM) took: cmdline and environ are natural
};

class SyscallEmulator {
 public:
  SyscallEmulator(SysRuntime& runtime, AddressSpace& space, SignalCalls& signals,
                  ProgramImage image, FollowOptions follow);
  ~SyscallEmulator();
  SyscallEmulator(const SyscallEmulator&) = delete;
  SyscallEmulator& operator=(const SyscallEmulator&) = delete;

  /// Carries out the system call in `context`: number in rax, context.rip already behind the
  /// instruction. Registers change as the kernel changes them: rax, rcx = rip, r11 = rflags.
  Outcome handle(ProgramThread& thread, x86::CpuContext& context);

  /// Whether handle() would give that call to the kernel as it is and do next to nothing else: then
  /// it asks itself for the runtime's fs where it needs it (see base/runtime_fs.h).
  bool passes_on(const ProgramThread& thread, const x86::CpuContext& context) const;

  /// To be called for the first thread before it runs: gives it the filters of image.seccomp_fd.
  /// False: they cannot be read, and the program must not be run without them.
  bool prepare_first_thread(ProgramThread& thread);

  /// To be called by SysRuntime::run_thread() once `thread` is complete and can run: the creator's
  /// clone returns. Sets thread.pid and tid. False: there is nothing left to run (the thread object
  /// served a process that shares this one's memory, and which has ended); run_thread() cleans up
  /// and returns.
  static bool announce_thread(ThreadStart& start, ProgramThread& thread);

  /// Forks the program on its thread `thread`, at the runtime's wish: for a thread that is in a
  /// clean call. Both processes return: the child's pid, 0 in the child, or -errno.
  int64_t fork(ProgramThread& thread);

  void add_fork_locks(ForkLocks& locks);

  /// A descriptor that the runtime wants to keep: moved out of the program's way (to the highest
  /// numbers) and from then on closed, replaced or seen by no call of the program's. -1: no room.
  int keep_descriptor(int fd);
  void release_descriptor(int fd);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::linux
