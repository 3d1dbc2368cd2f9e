#include "linux/signal/own_threads.h"

#include "linux/kernel/calls.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/handler.h"
#include "linux/signal/state.h"

namespace weft::linux {

bool is_other_thread(const ProgramThread& thread) {
  if (thread.borrowed || thread.tid == 0) return false;
  return thread.tid != kernel::current_thread() && thread.pid == kernel::current_process();
}

bool is_tools_child(const ProgramThread& thread, int signal) {
  if (thread.borrowed || thread.tid == 0 || (kSynchronous & set_of(signal)) != 0) return false;
  return thread.pid != kernel::current_process();
}

void take_default_action(int signal, FrameContext& frame) {
  const KernelAction fallback;
  raw_syscall(__NR_rt_sigaction, static_cast<uint64_t>(signal), word(&fallback), 0,
              sizeof(SignalSet));
  frame.mask &= ~set_of(signal);
  kernel::send_to_self(signal);
}

bool is_own_abort(const siginfo_t& info, const FrameRegisters& registers) {
  return info.si_signo == SIGABRT && info.si_code == SI_TKILL &&
         gate_place(registers.rip) == GatePlace::kOutside &&
         info.si_pid == kernel::current_process() && registers.rdx == SIGABRT &&
         registers.rsi == static_cast<uint64_t>(kernel::current_thread());
}

void pass_on(const ProgramThread& thread, const siginfo_t& info, FrameContext& frame) {
  frame.mask |= kAsynchronousSignals;
  raw_syscall(__NR_rt_sigqueueinfo, static_cast<uint64_t>(thread.pid),
              static_cast<uint64_t>(info.si_signo), word(&info));
}

}  // namespace weft::linux
