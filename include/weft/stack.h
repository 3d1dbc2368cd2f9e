// Stack traces of the program: from a frame to its caller's, by the tables for exceptions
// (.eh_frame) of the module that its code is in; by frame pointers where code is in no module, as
// that of a JIT. For tools that link weft_symbols. One object a process; any thread, clean calls
// included; not signal-safe. A frame takes some us.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "weft/process.h"

struct Dwarf_CFI_s;

namespace weft {

/// By DWARF's numbers: 0 rax, 1 rdx, 2 rcx, 3 rbx, 4 rsi, 5 rdi, 6 rbp, 7 rsp, 8-15 r8-r15,
/// 16 the program counter.
using FrameRegisters = std::array<uint64_t, 17>;
inline constexpr unsigned kFrameBase = 6;
inline constexpr unsigned kFrameStack = 7;
inline constexpr unsigned kFramePc = 16;

class FrameTables {
 public:
  explicit FrameTables(Process& process) : process_(process) {}
  FrameTables(const FrameTables&) = delete;
  FrameTables& operator=(const FrameTables&) = delete;

  static FrameRegisters registers_of(const CallContext& context);
  /// Nothing: there is no table for the place, or it ends there. `is_first`: the pc is that of an
  /// instruction that is about to run, not a return address.
  std::optional<FrameRegisters> caller_of(const FrameRegisters& frame, bool is_first);
  /// Where the thread is, then the return addresses of its callers: `most` of them, or all.
  std::vector<Address> trace(const CallContext& context, size_t most);

 private:
  Process& process_;
  std::mutex mutex_;                            ///< libdw's objects are for one thread at a time
  std::map<uint32_t, Dwarf_CFI_s*> by_module_;  ///< under mutex_; null: it has none
};

}  // namespace weft
