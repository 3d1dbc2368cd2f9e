// The kernel's frame for a signal handler on x86-64, as memory layout. Values; signal-safe.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "x86/context.h"

namespace weft::linux {

/// struct sigcontext.
struct FrameRegisters {
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
  uint16_t cs, gs, fs, ss;
  uint64_t error_code, trap_number, old_mask, cr2;
  uint64_t fpstate;
  uint64_t reserved[8];
};
static_assert(sizeof(FrameRegisters) == 256);

/// The general registers, rip and flags. The frame's other fields, and the context's fs and gs,
/// stay.
SIGNAL_SAFE void copy_registers(const x86::CpuContext& from, FrameRegisters& to);
SIGNAL_SAFE void copy_registers(const FrameRegisters& from, x86::CpuContext& to);

/// struct ucontext of the kernel (libc's is larger).
struct FrameContext {
  uint64_t flags;
  uint64_t link;
  stack_t stack;
  FrameRegisters registers;
  uint64_t mask;
};
static_assert(sizeof(FrameContext) == 304);

/// struct rt_sigframe.
struct SignalFrame {
  uint64_t return_address;
  FrameContext context;
  siginfo_t info;
};
static_assert(offsetof(SignalFrame, info) == 312);

/// What the kernel writes behind the legacy part of the XSAVE area.
struct FrameXstate {
  uint32_t magic1;
  uint32_t extended_size;
  uint64_t features;
  uint32_t xstate_size;
  uint32_t padding[7];
};

inline constexpr size_t kFrameXstateOffset = 464;
inline constexpr uint32_t kMagic1 = 0x46505853;
inline constexpr uint32_t kMagic2 = 0x46505845;
inline constexpr uint64_t kRedZone = 128;
inline constexpr uint64_t kFlagFpXstate = 1;
inline constexpr uint64_t kFlagSigcontextSs = 2;
inline constexpr uint64_t kFlagStrictRestoreSs = 4;
inline constexpr uint16_t kUserCode = 0x33;
inline constexpr uint16_t kUserStack = 0x2B;

}  // namespace weft::linux
