// The files under /proc that describe the calling process, as the program would see them without
// weft: its executable, memory map, arguments, environment, auxiliary vector,
// size and signals.
// One object a process, constant after construction; any thread. Reads of them: proc_reads.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linux/call/file/proc_status.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/program_thread.h"
#include "linux/kernel/unique_fd.h"
#include "linux/memory/address_space.h"
#include "linux/signal/calls.h"

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

constexpr bool is_map(ProcFile file) { return file == ProcFile::kMaps || file == ProcFile::kSmaps; }

class ProcReads;

class ProcFiles {
 public:
  /// All outlive this.
  ProcFiles(const ProgramImage& image, const AddressSpace& space, SignalCalls& signals);

  /// Answers `call` if it opens such a file or asks about the program's executable; what is to be
  /// corrected when it is read is noted in `reads`. nullopt: it is to be passed on, changed where
  /// it named the executable.
  std::optional<int64_t> intercept(const ProgramThread& thread, SyscallArguments& call,
                                   ProcReads& reads) const;

  /// Whether `path` is the link to the program's executable.
  bool names_executable(const ProgramThread& thread, const std::string& path) const;
  const std::string& executable_path() const;

  /// Which file of process `pid` the descriptor `fd` is of; kNone too where the kernel's text is
  /// the program's.
  ProcFile opened_file(uint64_t fd, pid_t pid) const;
  /// Another descriptor of the file of /proc that `fd` is of.
  static UniqueFd open_again(uint64_t fd);
  /// In address order.
  std::vector<Mapping> program_mappings() const;
  /// What is to be read from the kernel's descriptor `fd` of that file, which is no map.
  std::string content(const ProgramThread& thread, ProcFile file, uint64_t fd) const;

 private:
  bool emulates(ProcFile file) const;
  ProcessView view(const ProgramThread& thread) const;
  std::optional<int64_t> at_executable(const ProgramThread& thread, SyscallArguments& call) const;
  int64_t read_link(const std::string& path, uint64_t directory, uint64_t buffer,
                    uint64_t size) const;

  const ProgramImage& image_;
  const AddressSpace& space_;
  SignalCalls& signals_;
  /// Where the executable is found whatever became of its path; empty without a descriptor.
  const std::string executable_link_;
};

}  // namespace weft::linux
