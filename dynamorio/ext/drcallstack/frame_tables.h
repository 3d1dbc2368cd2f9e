// From a frame's registers to those of its caller, by the .eh_frame of the module that it is in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace weft::dynamorio {

/// By DWARF's numbers: 0 rax, 1 rdx, 2 rcx, 3 rbx, 4 rsi, 5 rdi, 6 rbp, 7 rsp, 8-15 r8-r15,
/// 16 the program counter.
using FrameRegisters = std::array<uint64_t, 17>;
inline constexpr unsigned kFrameStack = 7;
inline constexpr unsigned kFramePc = 16;

/// Nothing: there is no table for the place, or it ends there. `is_first`: the pc is that of an
/// instruction that is about to run, not a return address.
std::optional<FrameRegisters> caller_of(const FrameRegisters& frame, bool is_first);

}  // namespace weft::dynamorio
