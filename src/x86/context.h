// The machine state of one program thread, as the program would see it between two instructions.
// Owned by its thread's block; changed only by that thread (or by its signal handler on that
// thread).
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft::x86 {

/// Numbers as instructions encode them.
enum Reg : uint8_t {
  kRax,
  kRcx,
  kRdx,
  kRbx,
  kRsp,
  kRbp,
  kRsi,
  kRdi,
  kR8,
  kR9,
  kR10,
  kR11,
  kR12,
  kR13,
  kR14,
  kR15,
};
inline constexpr int kGprCount = 16;

/// Layout is read by assembly (src/engine/enter.S, emitted routines): see the static_asserts there.
struct CpuContext {
  uint64_t gpr[kGprCount] = {};
  uint64_t rip = 0;
  uint64_t rflags = 0;
  uint64_t fs_base = 0;
  uint64_t gs_base = 0;

  uint64_t& operator[](Reg reg) { return gpr[reg]; }
  uint64_t operator[](Reg reg) const { return gpr[reg]; }
};

/// `to` gets each register that `before` and `after` have different.
inline void take_changes(const CpuContext& before, const CpuContext& after, CpuContext& to) {
  for (int reg = 0; reg < kGprCount; ++reg) {
    if (before.gpr[reg] != after.gpr[reg]) to.gpr[reg] = after.gpr[reg];
  }
  if (before.rip != after.rip) to.rip = after.rip;
  if (before.rflags != after.rflags) to.rflags = after.rflags;
  if (before.fs_base != after.fs_base) to.fs_base = after.fs_base;
  if (before.gs_base != after.gs_base) to.gs_base = after.gs_base;
}

}  // namespace weft::x86
