// The hot path's decoder: length, kind and the few fields that mangling needs, from tables.
// Pure functions, any thread, signal-safe, no allocation.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/address.h"
#include "base/check.h"

namespace weft::x86 {

/// What an instruction does to control flow, or why it cannot be copied as it stands.
enum class Kind : uint8_t {
  kInvalid,   ///< Undefined in 64-bit mode on every CPU (#UD); length is what was looked at.
              ///< Longer than 15 bytes (#GP, hence SIGSEGV): length is kTooLong.
  kPlain,     ///< Goes on with the next instruction; copied as bytes (see rip_relative, segment).
  kJump,      ///< jmp rel8/rel32
  kCondJump,  ///< jcc rel8/rel32; condition = low four opcode bits
  kLoop,      ///< loopne, loope, loop, jrcxz/jecxz (opcode 0xE0..0xE3)
  kCall,      ///< call rel32
  kReturn,    ///< ret, ret imm16
  kIndirectJump,  ///< jmp r/m64
  kIndirectCall,  ///< call r/m64
  kFarTransfer,   ///< jmp far, call far, retf, iret
  kSyscall,       ///< syscall
  kInterrupt,     ///< int3, int n, int1; faults or traps, rarely goes on
  kXbegin,        ///< xbegin rel32: an abort continues at the target
  kStop,  ///< hlt, ud0, ud1, ud2, sysenter, sysexit, sysret and the like: never goes on in user
          ///< mode
};

enum class Segment : uint8_t { kNone, kFs, kGs };

/// Which opcode map the opcode byte belongs to.
enum class Map : uint8_t {
  kOneByte,
  k0F,
  k0F38,
  k0F3A,
  kVex0F,
  kVex0F38,
  kVex0F3A,
  kEvex,
  kXop,
  k3dNow
};

inline constexpr uint8_t kLongestInstruction = 15;  ///< bytes

/// Insn::length of what no instruction can be. No more than kLongestInstruction bytes of it are
/// ever read.
inline constexpr uint8_t kTooLong = kLongestInstruction + 1;

struct Insn {
  uint8_t length = 0;
  Kind kind = Kind::kInvalid;
  Map map = Map::kOneByte;
  uint8_t opcode = 0;
  uint8_t rex = 0;            ///< the REX byte; 0 if none (or overridden)
  uint8_t modrm = 0;          ///< valid if has_modrm
  uint8_t opcode_offset = 0;  ///< where the opcode byte (or VEX/EVEX/XOP lead) stands
  uint8_t modrm_offset = 0;
  uint8_t disp_offset = 0;  ///< valid if disp_size != 0
  uint8_t disp_size = 0;    ///< bytes: 0, 1, 4 (8 for moffs, where it is an absolute address)
  uint8_t imm_size = 0;     ///< bytes, at the end of the instruction (branch displacement included)
  Segment segment = Segment::kNone;
  bool has_modrm = false;
  bool rip_relative = false;         ///< mod=0 rm=5: disp32 is relative to the next instruction
  bool operand_size_prefix = false;  ///< 0x66 present
  bool address_size_prefix = false;  ///< 0x67 present
  bool lock = false;
  bool rep = false;    ///< 0xF3 present
  bool repne = false;  ///< 0xF2 present
  int32_t rel = 0;     ///< direct transfers: the branch displacement. rip_relative: disp32.

  /// How many bytes of it may be read: `length`, but for what is too long.
  uint8_t code_length() const {
    return length < kLongestInstruction ? length : kLongestInstruction;
  }
  uint8_t condition() const { return opcode & 0x0F; }
  bool ends_block() const { return kind != Kind::kPlain; }
};

/// Decodes the instruction at `bytes`, of which `available` may be read. False if it runs past
/// `available` (the caller decides what an instruction cut off by the end of a mapping means); then
/// `out` is unspecified. An undefined instruction is true with Kind::kInvalid.
SIGNAL_SAFE bool decode(const uint8_t* bytes, size_t available, Insn& out);

/// The target of a direct transfer, or the address a RIP-relative operand names, of `insn` at `pc`.
inline AppPc target_of(const Insn& insn, AppPc pc) {
  return {pc.value + insn.length + static_cast<uint64_t>(static_cast<int64_t>(insn.rel))};
}

/// What an instruction does to rcx. Conservative: `reads` may be true without need; `overwrites` is
/// true only if all 64 bits of rcx get a value that does not depend on the old one, on every path
/// (ecx writes zero-extend and count; cl/ch/cx writes, cmov and rep-prefixed string operations do
/// not).
struct RcxUse {
  bool reads = true;
  bool overwrites = false;
};
SIGNAL_SAFE RcxUse rcx_use(const uint8_t* bytes, const Insn& insn);

/// The same of all general registers (bit r for register r): `reads` may hold too many,
/// `overwrites` too few.
struct RegisterUse {
  uint16_t reads = 0xFFFF;
  uint16_t overwrites = 0;
};
SIGNAL_SAFE RegisterUse register_use(const uint8_t* bytes, const Insn& insn);

/// The general registers (bit r set for register r) that `insn` names or uses implicitly, for
/// picking a scratch register that it does not touch. Conservative: may contain too many.
SIGNAL_SAFE uint16_t registers_used(const uint8_t* bytes, const Insn& insn);

}  // namespace weft::x86
