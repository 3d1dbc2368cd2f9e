// The files under /proc that describe the calling process, as the program would see them without
// weft: its executable, memory map, arguments, environment, auxiliary vector,
// size and signals.
// One object a process, constant after construction; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "linux/address_space.h"
#include "linux/program_thread.h"
#include "linux/sys_gate.h"
#include "linux/sys_proc_status.h"
#include "linux/sys_signal_calls.h"

namespace weft::linux {

struct ProgramImage;

enum class ProcFile : uint8_t {
  kNone,
  kExecutable,
  kMaps,
  kSmaps,
  kCommandLine,
  kEnvironment,
  kAuxiliaryVector,
  kStatus,
  kStat,
  kStatm,
};

/// Which of those files the absolute `path` names, for a process `pid` with a thread `tid`.
ProcFile classify_proc_path(std::string_view path, pid_t pid, pid_t tid);

class ProcFiles {
 public:
  /// All outlive this.
  ProcFiles(const ProgramImage& image, const AddressSpace& space, SignalCalls& signals);

  /// Answers `call` if it opens or reads such a file. nullopt: it is to be passed on, with its
  /// path replaced in `call` where it named the executable.
  std::optional<int64_t> intercept(const ProgramThread& thread, SyscallArguments& call) const;

  /// The path that `path` stands for when it is executed: the program's own for /proc/self/exe.
  std::string executed_path(const ProgramThread& thread, const std::string& path) const;

 private:
  bool emulates(ProcFile file) const;
  ProcessView view(const ProgramThread& thread) const;
  /// `path`: the file itself, absolute.
  std::string content(const ProgramThread& thread, ProcFile file, const std::string& path) const;
  int64_t read_link(const std::string& path, uint64_t directory, uint64_t buffer,
                    uint64_t size) const;

  const ProgramImage& image_;
  const AddressSpace& space_;
  SignalCalls& signals_;
};

}  // namespace weft::linux
