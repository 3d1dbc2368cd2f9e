// Sees to it that code in a mapping of a file dies when the program changes the file by a system
// call. One object a process, of the system call emulator; any thread, lock-free but for the
// record of mappings.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "linux/call/runtime.h"
#include "linux/kernel/gate.h"
#include "linux/memory/address_space.h"

namespace weft::linux {

class WrittenFiles {
 public:
  WrittenFiles(SysRuntime& runtime, const AddressSpace& space) : runtime_(runtime), space_(space) {}

  /// To be told of each call before it is made: descriptors that it closes or replaces are new
  /// ones afterwards.
  void before(const SyscallArguments& call);
  /// To be told of each call that was passed on, and its result: if it changed a file that is
  /// mapped executable, or is the memory of a process under weft, what was translated from there is
  /// deleted. Costs a comparison for a descriptor that is known, an fstat for one that is not.
  /// `own_descriptors`: the caller has a descriptor table of its own, as the child of a vfork has;
  /// nothing is learned from it.
  void after(const SyscallArguments& call, int64_t result, bool own_descriptors);

  /// Whether threads of this memory have had tables of descriptors of their own.
  bool tables_differ() const { return tables_differ_.load(std::memory_order_relaxed); }

 private:
  /// Descriptors above are looked at each time.
  static constexpr uint64_t kKnown = 4096;
  static constexpr uint32_t kUnknown = 0x8000'0000;

  void forget(uint64_t first, uint64_t last);
  /// The process whose memory in /proc it is, else 0.
  pid_t descriptor_written(uint64_t fd, bool own_descriptors);
  void memory_written(pid_t owner, const SyscallArguments& call, uint64_t count);
  void path_written(uint64_t path);
  void file_written(uint64_t device, uint64_t inode);

  SysRuntime& runtime_;
  const AddressSpace& space_;
  /// Of each descriptor: the version of the executable mappings (see AddressSpace) among which its
  /// file was not; or kUnknown and a number that nobody has found here before, so that what is
  /// learned of a descriptor while it is closed is not kept.
  std::array<std::atomic<uint32_t>, kKnown> known_{};
  std::atomic<uint32_t> forgotten_{0};
  /// Tasks share descriptors and not memory, or the other way round: nothing is ever known.
  std::atomic<bool> tables_differ_{false};
};

}  // namespace weft::linux
