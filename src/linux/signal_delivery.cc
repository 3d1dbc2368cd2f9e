// Delivery: the frame that the kernel would build for a handler, and the way back from it.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <vector>

#include "linux/raw_syscall.h"
#include "linux/signal_frame.h"
#include "linux/signal_handler.h"
#include "linux/signal_services.h"
#include "linux/sys_program_memory.h"

namespace weft::linux {
namespace {

constexpr uint64_t kHandlerClearsFlags = 0x400 | 0x100 | 0x10000;  // DF, TF, RF
constexpr uint64_t kRestoredFlags = 0x40DD5 | 0x10000 | 0x400;     // AC, OF..CF, TF, RF, DF
constexpr size_t kXstateHeader = 512;
constexpr int kAutoDisarm = static_cast<int>(1u << 31);

bool is_on(const stack_t& stack, uint64_t rsp) {
  if ((stack.ss_flags & (SS_DISABLE | kAutoDisarm)) != 0) return false;
  return rsp - reinterpret_cast<uint64_t>(stack.ss_sp) < stack.ss_size;
}

void fill_registers(const x86::CpuContext& context, FrameRegisters& out) {
  std::copy_n(&context.gpr[x86::kR8], 8, &out.r8);
  out.rdi = context[x86::kRdi];
  out.rsi = context[x86::kRsi];
  out.rbp = context[x86::kRbp];
  out.rbx = context[x86::kRbx];
  out.rdx = context[x86::kRdx];
  out.rax = context[x86::kRax];
  out.rcx = context[x86::kRcx];
  out.rsp = context[x86::kRsp];
  out.rip = context.rip;
  out.eflags = context.rflags;
  out.cs = kUserCode;
  out.ss = kUserStack;
}

void restore_registers(const FrameRegisters& in, x86::CpuContext& context) {
  std::copy_n(&in.r8, 8, &context.gpr[x86::kR8]);
  context[x86::kRdi] = in.rdi;
  context[x86::kRsi] = in.rsi;
  context[x86::kRbp] = in.rbp;
  context[x86::kRbx] = in.rbx;
  context[x86::kRdx] = in.rdx;
  context[x86::kRax] = in.rax;
  context[x86::kRcx] = in.rcx;
  context[x86::kRsp] = in.rsp;
  context.rip = in.rip;
  context.rflags = (context.rflags & ~kRestoredFlags) | (in.eflags & kRestoredFlags);
}

/// Writes the vector state as the kernel does; 0 if the memory is not there.
uint64_t write_xstate(const ProgramThread& thread, uint64_t below) {
  const size_t total = thread.xsave_size + sizeof kMagic2;
  const uint64_t at = (below - total) & ~uint64_t{63};
  std::vector<uint8_t> area(total);
  std::memcpy(area.data(), thread.xsave, thread.xsave_size);
  FrameXstate extended{};
  extended.magic1 = kMagic1;
  extended.extended_size = static_cast<uint32_t>(total);
  extended.features = thread.xsave_mask;
  extended.xstate_size = static_cast<uint32_t>(thread.xsave_size);
  std::memcpy(area.data() + kFrameXstateOffset, &extended, sizeof extended);
  std::memcpy(area.data() + thread.xsave_size, &kMagic2, sizeof kMagic2);
  return write_program(at, area.data(), total) ? at : 0;
}

bool read_xstate(ProgramThread& thread, uint64_t from) {
  auto* area = static_cast<uint8_t*>(thread.xsave);
  if (from == 0) {
    std::memset(area + kXstateHeader, 0, 8);  // no component in use: all initial
    return true;
  }
  FrameXstate extended;
  if (!read_program(&extended, from + kFrameXstateOffset)) return false;
  uint32_t magic2 = 0;
  const bool whole = extended.magic1 == kMagic1 && extended.xstate_size <= thread.xsave_size &&
                     read_program(&magic2, from + extended.xstate_size) && magic2 == kMagic2;
  constexpr uint64_t kLegacyComponents = 3;
  const size_t size = whole ? extended.xstate_size : kXstateHeader;
  if (!read_program(static_cast<void*>(area), from, size)) return false;
  uint64_t header[8] = {};
  if (whole) {
    std::memcpy(header, area + kXstateHeader, sizeof header);
    header[0] &= thread.xsave_mask;
    std::fill(header + 1, header + 8, 0);
  } else {
    header[0] = kLegacyComponents;
  }
  std::memcpy(area + kXstateHeader, header, sizeof header);
  uint32_t mxcsr = 0;
  constexpr size_t kMxcsr = 24;
  constexpr uint32_t kMxcsrBits = 0xFFFF;
  std::memcpy(&mxcsr, area + kMxcsr, sizeof mxcsr);
  mxcsr &= kMxcsrBits;
  std::memcpy(area + kMxcsr, &mxcsr, sizeof mxcsr);
  return true;
}

}  // namespace

void SignalServices::deliver_pending(ProgramThread& thread, x86::CpuContext& context) {
  SignalState& state = *thread.signals;
  if (!state.has_pending) {
    *thread.signal_pending = 0;
    return;
  }
  siginfo_t info = state.pending;
  const int signal = info.si_signo;
  const bool forced = state.synchronous;
  const bool blocked = (state.virtual_blocked & set_of(signal)) != 0;
  const SignalSet mask = state.mask_before | state.virtual_blocked;
  state.has_pending = false;
  state.synchronous = false;
  *thread.signal_pending = 0;

  const KernelAction action = action_of(signal);
  const auto handler = reinterpret_cast<sighandler_t>(action.handler);
  if (forced && (blocked || handler == SIG_DFL || handler == SIG_IGN)) die(thread, signal, info);
  if (handler == SIG_IGN) {
    exchange_mask(state.mask_before);
    return;
  }
  if (handler == SIG_DFL) {
    constexpr SignalSet kHarmless = set_of(SIGCHLD) | set_of(SIGCONT) | set_of(SIGURG) |
                                    set_of(SIGWINCH);
    if ((kHarmless & set_of(signal)) == 0) die(thread, signal, info);
    exchange_mask(state.mask_before);
    return;
  }
  if ((action.flags & SA_RESETHAND) != 0) {
    const std::lock_guard held(lock_);
    KernelAction& entry = actions_[static_cast<size_t>(signal)];
    entry.handler = 0;
    install(signal, entry);
  }

  uint64_t stack = context[x86::kRsp] - kRedZone;
  const bool alternate = (action.flags & SA_ONSTACK) != 0 &&
                         (thread.alt_stack.ss_flags & SS_DISABLE) == 0 &&
                         !is_on(thread.alt_stack, context[x86::kRsp]);
  if (alternate) stack = reinterpret_cast<uint64_t>(thread.alt_stack.ss_sp) + thread.alt_stack.ss_size;

  SignalFrame frame{};
  const uint64_t xstate = write_xstate(thread, stack);
  const uint64_t at = (((xstate == 0 ? stack : xstate) - sizeof frame) & ~uint64_t{15}) - 8;
  frame.return_address = action.restorer;
  frame.context.flags = kFlagFpXstate | kFlagSigcontextSs | kFlagStrictRestoreSs;
  frame.context.stack = thread.alt_stack;
  if (is_on(thread.alt_stack, context[x86::kRsp])) frame.context.stack.ss_flags |= SS_ONSTACK;
  fill_registers(context, frame.context.registers);
  frame.context.registers.fpstate = xstate;
  frame.context.registers.old_mask = mask;
  if (forced) {
    frame.context.registers.error_code = state.error_code;
    frame.context.registers.trap_number = state.trap_number;
    frame.context.registers.cr2 = state.fault_address;
  }
  frame.context.mask = mask;
  frame.info = info;
  if (xstate == 0 || !write_program(at, frame)) {
    // No room for the frame: the kernel raises SIGSEGV, and kills if that has no other stack either.
    if (signal == SIGSEGV) die(thread, SIGSEGV, info);
    exchange_mask(state.mask_before);
    raise_fault(thread, SIGSEGV, SI_KERNEL, 0);
    return;
  }
  if ((thread.alt_stack.ss_flags & kAutoDisarm) != 0 && alternate) {
    thread.alt_stack = {nullptr, SS_DISABLE, 0};
  }

  SignalSet during = mask | action.mask;
  if ((action.flags & SA_NODEFER) == 0) during |= set_of(signal);
  state.virtual_blocked = during & kSynchronous;
  context[x86::kRsp] = at;
  context[x86::kRdi] = static_cast<uint64_t>(signal);
  context[x86::kRsi] = at + offsetof(SignalFrame, info);
  context[x86::kRdx] = at + offsetof(SignalFrame, context);
  context[x86::kRax] = 0;
  context.rip = action.handler;
  context.rflags &= ~kHandlerClearsFlags;
  exchange_mask(during & ~kSynchronous);
}

void SignalServices::sigreturn(ProgramThread& thread, x86::CpuContext& context) {
  SignalFrame frame;
  const uint64_t at = context[x86::kRsp] - 8;
  if (!read_program(&frame, at) || !read_xstate(thread, frame.context.registers.fpstate)) {
    raise_fault(thread, SIGSEGV, SI_KERNEL, 0);
    return;
  }
  restore_registers(frame.context.registers, context);
  stack_t stack = frame.context.stack;
  stack.ss_flags &= ~SS_ONSTACK;
  thread.alt_stack = stack;
  constexpr SignalSet kUnblockable = set_of(SIGKILL) | set_of(SIGSTOP);
  const SignalSet mask = frame.context.mask & ~kUnblockable;
  SignalState& state = *thread.signals;
  exchange_mask(asynchronous_signals());
  state.virtual_blocked = mask & kSynchronous;
  if (state.has_pending) {
    state.mask_before = mask & ~kSynchronous;
  } else {
    exchange_mask(mask & ~kSynchronous);
  }
}

}  // namespace weft::linux
