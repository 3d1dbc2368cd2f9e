// membarrier as the program sees it: the runtime has registered for barriers of its own, which the
// kernel would carry out for a program that has not. One object a process; any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "linux/kernel/gate.h"

namespace weft::linux {

class Membarrier {
 public:
  /// The answer to a membarrier call that the kernel would answer otherwise.
  std::optional<int64_t> intercept(const SyscallArguments& call) const;
  /// To be told of each such call that was passed on, and its result.
  void after(const SyscallArguments& call, int64_t result);

 private:
  /// The commands by which the program has registered; execve begins anew, fork does not.
  std::atomic<int64_t> registered_{0};
};

}  // namespace weft::linux
