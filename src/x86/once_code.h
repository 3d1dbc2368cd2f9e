// The bytes of an addition that happens once, and of what its code becomes: stores that make one
// instruction another while threads run it. Constants only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace weft::x86::once {

// In cold code lie one after another: the store of the word, the store that makes the jump a no-op,
// the jump back.
inline constexpr size_t kWordStoreBytes = 11;  ///< mov qword [rip + d32], i32
inline constexpr size_t kCodeStoreBytes = 10;  ///< mov dword [rip + d32], i32
inline constexpr size_t kJumpBytes = 5;        ///< jmp rel32
inline constexpr std::array<uint8_t, 3> kWordStore{0x48, 0xC7, 0x05};
inline constexpr std::array<uint8_t, 2> kCodeStore{0xC7, 0x05};
inline constexpr std::array<uint8_t, 1> kJump{0xE9};

/// What becomes of the jump's first four bytes; the last one stays, as the displacement of
/// nop [rax+rax+byte].
using NoOp = std::array<uint8_t, 4>;
inline constexpr NoOp kNoOp{0x0F, 0x1F, 0x44, 0x00};

// Those that wait have mov byte [rip + d32], i8 in the place of the jump. When they wait no longer,
// two bytes that never run lie behind the jump: the jump's last two bytes and these are the
// displacement of what becomes of it, nop [rax+d32]. The store to code has the jump's byte from
// then on. So whatever stands there is one instruction.
inline constexpr size_t kShortStoreBytes = 7;
inline constexpr std::array<uint8_t, 2> kShortStore{0xC6, 0x05};
inline constexpr std::array<uint8_t, 2> kBehindJump{0x66, 0x90};
inline constexpr NoOp kLongNoOp{0x0F, 0x1F, 0x80, 0x00};
inline constexpr size_t kOpcodeBytes = 3;  ///< of either no-op

}  // namespace weft::x86::once
