// RLIMIT_AS and RLIMIT_DATA: the kernel counts the runtime's memory (with the shadow map, terabytes
// of reservation) against them, so the program's limits are kept here and the kernel gets them with
// that much added. One object a process; any program thread.
#pragma once

#include <sys/resource.h>

#include <array>
#include <cstdint>
#include <optional>

#include "base/spin_lock.h"
#include "linux/address_space.h"
#include "linux/program_thread.h"
#include "linux/sys_gate.h"

namespace weft::linux {

class Limits {
 public:
  explicit Limits(const AddressSpace& space) : space_(space) {}

  /// Answers getrlimit, setrlimit and prlimit64 on these limits of this process; nullopt for all
  /// else.
  std::optional<int64_t> intercept(const ProgramThread& thread, const SyscallArguments& call);

  /// Before execve: the kernel gets the program's own limits, for the new image to inherit. After
  /// a failure undo_exec() puts the larger ones back.
  void prepare_exec();
  void undo_exec();

 private:
  static constexpr size_t kCount = 2;
  struct Entry {
    std::optional<rlimit64> program;  ///< as the program set it; empty: as the kernel has it
    rlimit64 kernel{};                ///< what the kernel was given instead
  };

  int64_t change(size_t index, const rlimit64& wanted);
  rlimit64 current(size_t index) const;
  uint64_t overhead(size_t index) const;

  const AddressSpace& space_;
  SpinLock lock_;
  std::array<Entry, kCount> entries_;
};

}  // namespace weft::linux
