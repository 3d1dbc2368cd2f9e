#include "linux/signal/interrupted_call.h"

#include <cerrno>
#include <optional>

#include "linux/kernel/gate.h"
#include "linux/kernel/program_memory.h"

namespace weft::linux {
namespace {

/// Where the call that this thread is in keeps a signal mask that holds for its duration; 0 if it
/// has none.
uint64_t mask_argument(const x86::CpuContext& call) {
  uint64_t pair[2] = {};
  switch (call[x86::kRax]) {
    case __NR_rt_sigsuspend:
      return call[x86::kRdi];
    case __NR_ppoll:
      return call[x86::kR10];
    case __NR_epoll_pwait:
    case __NR_epoll_pwait2:
      return call[x86::kR8];
    case __NR_pselect6:
      return call[x86::kR9] != 0 && read_program(&pair, call[x86::kR9]) ? pair[0] : 0;
    default:
      return 0;
  }
}

/// That mask; nothing if the call has none.
std::optional<SignalSet> mask_of_call(const ProgramThread& thread) {
  const uint64_t at = mask_argument(*thread.context);
  SignalSet mask = 0;
  if (at == 0 || !read_program(&mask, at)) return std::nullopt;
  return mask;
}

}  // namespace

void note_call_mask(ProgramThread& thread) {
  const std::optional<SignalSet> mask = mask_of_call(thread);
  if (!mask) return;
  thread.signals->in_masked_call = true;
  thread.signals->call_mask = *mask & ~kUnblockable;
}

bool has_ended_call(const FrameRegisters& registers) {
  return gate_place(registers.rip) == GatePlace::kMade &&
         registers.rax == static_cast<uint64_t>(-EINTR);
}

void repeat_call(FrameRegisters& registers) {
  if (gate_place(registers.rip) == GatePlace::kNotMade || has_ended_call(registers)) {
    registers.rip = reinterpret_cast<uint64_t>(weft_gate_interrupted);
  }
}

bool is_blocked(const ProgramThread& thread, const FrameRegisters& registers, SignalSet bit) {
  if ((thread.signals->virtual_blocked & bit) == 0) return false;
  if (!has_ended_call(registers)) return true;
  return (mask_of_call(thread).value_or(kAllSignals) & bit) != 0;
}

}  // namespace weft::linux
