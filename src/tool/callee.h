// Which functions leave vector and x87 state alone, found out by decoding them. One a process,
// owned by the host; any thread. Not signal-safe.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "base/address.h"
#include "base/spin_lock.h"

namespace weft::tool {

/// Whether `function` touches general registers, flags and memory alone, whatever it does: so does
/// all that it calls or jumps to directly. Indirect calls and jumps (through the linker's table,
/// too), system calls, code outside its own image and more than a few thousand instructions
/// make it false.
bool uses_general_registers_only(uint64_t function);

/// The executable segment of a loaded library that `address` lies in; empty if there is none.
AppRange code_around(uint64_t address);

class Callees {
 public:
  /// As the function, found out once.
  bool use_general_registers_only(uint64_t function);

  void lock_for_fork() { lock_.lock(); }
  void unlock_after_fork() { lock_.unlock(); }

 private:
  SpinLock lock_;
  std::unordered_map<uint64_t, bool> known_;  ///< under lock_
};

}  // namespace weft::tool
