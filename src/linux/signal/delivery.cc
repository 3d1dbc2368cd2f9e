// Delivery: the frame that the kernel would build for a handler, and the way back from it.
#include <cstring>
#include <vector>

#include "base/log.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/actions_lock.h"
#include "linux/signal/altstack.h"
#include "linux/signal/death.h"
#include "linux/signal/queue.h"
#include "linux/signal/services.h"

namespace weft::linux {
namespace {

constexpr uint64_t kHandlerClearsFlags = 0x400 | 0x100 | 0x10000;  // DF, TF, RF
constexpr uint64_t kRestoredFlags = 0x40DD5 | 0x10000;             // AC, OF, DF, TF, SF..CF, RF

bool uses_alt_stack(const ProgramThread& thread, const KernelAction& action, uint64_t rsp) {
  return (action.flags & SA_ONSTACK) != 0 && thread.alt_stack.ss_size != 0 &&
         !is_on_alt_stack(thread.alt_stack, rsp);
}

void enter_handler(x86::CpuContext& context, int signal, const KernelAction& action,
                   uint64_t frame) {
  context[x86::kRsp] = frame;
  context[x86::kRdi] = static_cast<uint64_t>(signal);
  context[x86::kRsi] = frame + offsetof(SignalFrame, info);
  context[x86::kRdx] = frame + offsetof(SignalFrame, context);
  context[x86::kRax] = 0;
  context.rip = action.handler;
  context.rflags &= ~kHandlerClearsFlags;
}

}  // namespace

/// A signal on its way from the queue to the program.
struct SignalServices::Delivery {
  siginfo_t info;
  bool forced = false;          ///< comes from an instruction: cannot be ignored or blocked
  SignalSet restored_mask = 0;  ///< that the program gets back after the handler
  SignalSet current_mask = 0;   ///< that the handler's is made from: the same, save in masked calls
};

bool SignalServices::has_handler(const KernelAction& action) const {
  return action.handler != reinterpret_cast<uint64_t>(SIG_DFL) &&
         action.handler != reinterpret_cast<uint64_t>(SIG_IGN);
}

bool SignalServices::take_action(const ProgramThread& thread, int signal, KernelAction* action) {
  const ActionsLock held(*this, thread);
  KernelAction& entry = entry_of(thread, signal);
  *action = entry;
  if (!has_handler(entry)) return false;
  if ((entry.flags & SA_RESETHAND) != 0) {
    entry.handler = 0;
    install(signal, entry);
  }
  return true;
}

void SignalServices::take_default_action(ProgramThread& thread, const Delivery& delivery) {
  const int signal = delivery.info.si_signo;
  const SignalSet bit = set_of(signal);
  const bool ignored = action_of(thread, signal).handler == reinterpret_cast<uint64_t>(SIG_IGN);
  const bool harmless = ignored || ((kIgnoredByDefault | kStopsByDefault) & bit) != 0;
  if (delivery.forced || (!harmless && !is_spared_by_sent_signals())) die(thread, delivery.info);
  end_pending(thread);
  // The handler was taken away after the signal came: the kernel does what is done now.
  if (harmless && (kSynchronous & bit) == 0) send_again(delivery.info);
  change_mask(thread, delivery.restored_mask);
}

uint64_t SignalServices::frame_top(const ProgramThread& thread, const KernelAction& action,
                                   uint64_t rsp) const {
  if (!uses_alt_stack(thread, action, rsp - kRedZone)) return rsp - kRedZone;
  return reinterpret_cast<uint64_t>(thread.alt_stack.ss_sp) + thread.alt_stack.ss_size;
}

uint64_t SignalServices::push_frame(ProgramThread& thread, const x86::CpuContext& context,
                                    const KernelAction& action, const Delivery& delivery) {
  if ((action.flags & kRestorerFlag) == 0) return 0;
  const uint64_t rsp = context[x86::kRsp] - kRedZone;
  const bool on_alt_stack =
      uses_alt_stack(thread, action, rsp) || is_on_alt_stack(thread.alt_stack, rsp);
  constexpr uint64_t kXstateAlignment = 64;
  const uint64_t xstate =
      (frame_top(thread, action, context[x86::kRsp]) - xstate_.frame_size()) & -kXstateAlignment;
  const uint64_t at = ((xstate - sizeof(SignalFrame)) & ~uint64_t{15}) - sizeof(uint64_t);
  if (on_alt_stack && !lies_on(thread.alt_stack, at)) return 0;

  std::vector<uint8_t> bytes(xstate + xstate_.frame_size() - at);
  SignalFrame frame{};
  frame.return_address = action.restorer;
  frame.context.flags = kFlagFpXstate | kFlagSigcontextSs | kFlagStrictRestoreSs;
  frame.context.stack = thread.alt_stack;
  copy_registers(context, frame.context.registers);
  frame.context.registers.cs = kUserCode;
  frame.context.registers.ss = kUserStack;
  frame.context.registers.fpstate = xstate;
  frame.context.registers.old_mask = delivery.restored_mask;
  frame.context.registers.error_code = thread.signals->error_code;
  frame.context.registers.trap_number = thread.signals->trap_number;
  frame.context.registers.cr2 = thread.signals->fault_address;
  frame.context.mask = delivery.restored_mask;
  frame.info = delivery.info;
  std::memcpy(bytes.data(), &frame, sizeof frame);
  xstate_.write(thread, bytes.data() + (xstate - at));
  return write_program(at, bytes.data(), bytes.size()) ? at : 0;
}

/// Nothing waits for the program any more; all signals are blocked.
void SignalServices::end_pending(ProgramThread& thread) {
  exchange_mask(kAllSignals);
  thread.signals->has_pending = false;
  *thread.signal_pending = 0;
}

/// The kernel raises SIGSEGV for a frame that cannot be written, and kills if it was that already.
void SignalServices::fail_delivery(ProgramThread& thread, const Delivery& delivery) {
  siginfo_t fault{};
  fault.si_signo = SIGSEGV;
  fault.si_code = SI_KERNEL;
  if (delivery.info.si_signo == SIGSEGV) die(thread, fault);
  SignalState& state = *thread.signals;
  const bool in_masked_call = state.in_masked_call;
  make_pending(thread, fault, true, delivery.restored_mask);
  state.in_masked_call = in_masked_call;
}

bool SignalServices::deliver_pending(ProgramThread& thread, x86::CpuContext& context) {
  SignalState& state = *thread.signals;
  if (!state.has_pending) {
    const SignalSet kernel_mask = exchange_mask(kAllSignals);
    if (!state.has_pending) {
      *thread.signal_pending = 0;
      change_mask(thread, program_mask(thread, kernel_mask));
      return false;
    }
    exchange_mask(kAsynchronousSignals);
  }
  // From here to end_pending() the kernel blocks asynchronous signals alone, and others that are
  // sent are held: the frame is written where the runtime's own faults come to its handler.
  Delivery delivery;
  delivery.info = state.pending;
  delivery.restored_mask = state.mask_before | state.virtual_blocked;
  delivery.current_mask = state.in_masked_call ? state.call_mask : delivery.restored_mask;
  const int signal = delivery.info.si_signo;
  const bool blocked = (state.virtual_blocked & set_of(signal)) != 0;
  delivery.forced = state.synchronous;

  KernelAction action;
  if ((delivery.forced && blocked) || !take_action(thread, signal, &action)) {
    take_default_action(thread, delivery);
    return false;
  }
  const uint64_t frame = push_frame(thread, context, action, delivery);
  if (frame == 0) {
    fail_delivery(thread, delivery);
    return false;
  }
  WEFT_LOG(kDebug, "signal {} at {:#x} to the handler at {:#x}", signal, context.rip,
           action.handler);
  if (disarms_itself(thread.alt_stack)) thread.alt_stack = kNoAltStack;
  enter_handler(context, signal, action, frame);
  xstate_.read(thread, 0);  // handlers start with initial vector state
  const SignalSet own = (action.flags & SA_NODEFER) == 0 ? set_of(signal) : 0;
  end_pending(thread);
  change_mask(thread, delivery.current_mask | action.mask | own);
  return true;
}

void SignalServices::drop_pending(ProgramThread& thread) {
  SignalState& state = *thread.signals;
  exchange_mask(kAllSignals);
  state.has_pending = false;
  *thread.signal_pending = 0;
  change_mask(thread, state.mask_before | state.virtual_blocked);
}

void SignalServices::sigreturn(ProgramThread& thread, x86::CpuContext& context) {
  SignalFrame frame;
  const uint64_t at = context[x86::kRsp] - sizeof frame.return_address;
  if (!read_program(&frame, at) || !xstate_.read(thread, frame.context.registers.fpstate)) {
    raise_fault(thread, SIGSEGV, SI_KERNEL, 0);
    return;
  }
  const uint64_t kept_flags = context.rflags & ~kRestoredFlags;
  copy_registers(frame.context.registers, context);
  context.rflags = kept_flags | (context.rflags & kRestoredFlags);
  change_alt_stack(thread.alt_stack, frame.context.stack, context[x86::kRsp]);
  exchange_mask(kAllSignals);
  change_mask(thread, frame.context.mask);
}

}  // namespace weft::linux
