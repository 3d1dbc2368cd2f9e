// Which functions leave vector and x87 state alone, found out by decoding them. One a process,
// owned by the host; any thread. Not signal-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/address.h"
#include "base/fork_locks.h"
#include "base/spin_lock.h"
#include "tool/inline_body.h"

namespace weft::tool {

/// Whether `function` touches general registers, flags and memory alone, whatever it does: so does
/// all that it calls or jumps to directly. Indirect calls and jumps (through the linker's table,
/// too), system calls, code outside its own image and more than a few thousand instructions
/// make it false.
bool uses_general_registers_only(uint64_t function);

/// The first thing found in it that makes it false.
struct Heavy {
  uint64_t at = 0;  ///< address of the instruction
  std::string why;
};
std::optional<Heavy> find_heavy(uint64_t function);

/// The executable segment of a loaded library that `address` lies in; empty if there is none.
AppRange code_around(uint64_t address);

class Callees {
 public:
  /// As the function, found out once; --log=callee:info tells why not.
  bool use_general_registers_only(uint64_t function);
  /// Its code, if it is so small that a call of it is not worth while; null if it is not. Stays
  /// valid.
  const InlineBody* inline_body(uint64_t function);

  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

 private:
  SpinLock<LockRank::kCallees> lock_;
  std::unordered_map<uint64_t, bool> known_ GUARDED_BY(lock_);
  std::unordered_map<uint64_t, std::optional<InlineBody>> bodies_ GUARDED_BY(lock_);
};

}  // namespace weft::tool
