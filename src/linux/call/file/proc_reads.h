// Reads from the files of /proc that describe this process: the descriptors are the kernel's own,
// so that all else about them is as it is natively, and what is read from them is the program's
// view. One object a process; any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "linux/call/file/proc_files.h"
#include "linux/call/file/proc_text.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/program_thread.h"

namespace weft::linux {

class ProcReads {
 public:
  /// `files` outlives this.
  explicit ProcReads(const ProcFiles& files);
  ~ProcReads();
  ProcReads(const ProcReads&) = delete;
  ProcReads& operator=(const ProcReads&) = delete;

  /// `fd` was opened by `thread`, as a file that may be its process's own.
  void note_open(const ProgramThread& thread, uint64_t fd);
  /// To be told of each call before it is made: as soon as a descriptor is closed, its number may
  /// be that of a file that another thread opens. `own_descriptors`: the caller has a table of its
  /// own.
  void before(const SyscallArguments& call, bool own_descriptors);
  /// To be told of each call that was passed on and its result: copies of descriptors are theirs.
  void after(const SyscallArguments& call, int64_t result, bool own_descriptors);

  /// Whether `call` reads from such a descriptor: then its result has to be corrected.
  bool concerns(const SyscallArguments& call) const;
  /// The result in place of the kernel's; what the program asked for is in its buffers then.
  /// `ask_kernel` makes the call as it is, for its errors.
  int64_t answer(const ProgramThread& thread, const SyscallArguments& call,
                 const std::function<int64_t()>& ask_kernel);

 private:
  /// Descriptors above show what the kernel shows.
  static constexpr uint64_t kKnown = 16384;

  struct Descriptor {
    /// The process that opened it, if it may be a file of that process's; else 0.
    std::atomic<pid_t> opened_by;
    /// What was read last by it, for reads that go on behind that. Whoever uses it takes it out
    /// meanwhile, so that nobody waits; null: nothing, or taken.
    std::atomic<ProcText*> seen;
  };

  void forget(uint64_t first, uint64_t last);
  std::unique_ptr<ProcText> take_text(const ProgramThread& thread, uint64_t fd, ProcFile file,
                                      int64_t from);
  Descriptor& at(uint64_t fd) const { return descriptors_[fd]; }

  const ProcFiles& files_;
  std::atomic<bool> any_{false};
  Descriptor* descriptors_;  ///< from calloc: most of its pages are never touched
};

}  // namespace weft::linux
