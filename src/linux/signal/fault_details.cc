#include "linux/signal/fault_details.h"

namespace weft::linux {

void describe_fault(SignalState& state, const siginfo_t& info, bool fetch) {
  constexpr uint64_t kDebug = 1;
  constexpr uint64_t kInvalidOpcode = 6;
  constexpr uint64_t kStackFault = 12;
  constexpr uint64_t kGeneralProtection = 13;
  constexpr uint64_t kPageFault = 14;
  state.error_code = 0;
  if (info.si_signo == SIGTRAP) state.trap_number = kDebug;
  if (info.si_signo == SIGILL) state.trap_number = kInvalidOpcode;
  if (info.si_signo != SIGSEGV && info.si_signo != SIGBUS) return;
  if (info.si_code == SI_KERNEL) {
    state.trap_number = info.si_signo == SIGBUS ? kStackFault : kGeneralProtection;
    return;
  }
  constexpr uint64_t kKernelStart = 0x7ffffffff000;
  constexpr uint64_t kPresent = 1;
  constexpr uint64_t kUser = 4;
  constexpr uint64_t kFetch = 16;
  const auto address = reinterpret_cast<uint64_t>(info.si_addr);
  const bool present = info.si_code == SEGV_ACCERR || address >= kKernelStart;
  state.trap_number = kPageFault;
  state.fault_address = address;
  state.error_code = kUser | (fetch ? kFetch : 0) | (present ? kPresent : 0);
}

}  // namespace weft::linux
