// The file of a running program cannot be written (ETXTBSY): the kernel says so of weft, which it
// has executed, and here it is said of the program. Programs of other processes under weft are
// asked for it (ForeignRecord). One object a process, constant; any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "linux/kernel/gate.h"

namespace weft::linux {

class RunningProgram {
 public:
  RunningProgram();

  /// -ETXTBSY for a call that opens a running program's file to write it, or truncates it.
  std::optional<int64_t> intercept(const SyscallArguments& call) const;

 private:
  bool is_running(uint64_t directory, uint64_t path, bool follow) const;

  uint64_t device_ = 0;
  uint64_t inode_ = 0;
};

}  // namespace weft::linux
