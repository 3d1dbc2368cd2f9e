#include "linux/signal/handler.h"

#include <asm/prctl.h>
#include <sys/auxv.h>
#include <sys/ucontext.h>

#include <algorithm>
#include <cstring>

#include "base/runtime_fs.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/cpu_features.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/signal_safe_copy.h"
#include "linux/signal/alarm.h"
#include "linux/signal/fault_details.h"
#include "linux/signal/frame.h"
#include "linux/signal/held.h"
#include "linux/signal/interrupted_call.h"
#include "linux/signal/nudge.h"
#include "linux/signal/own_threads.h"
#include "linux/signal/queue.h"
#include "linux/signal/state.h"

// The address to which the kernel has our handler return.
asm(".text\n"
    ".type weft_signal_return, @function\n"
    "weft_signal_return:\n"
    "  mov $15, %eax\n"  // rt_sigreturn
    "  syscall\n"
    ".size weft_signal_return, . - weft_signal_return\n");
extern "C" void weft_signal_return();

namespace weft::linux {
namespace {

constexpr uint64_t kTrapFlag = 0x100;
constexpr uint64_t kAlignmentCheck = 0x40000;

/// A signal handler gets no argument of ours: this pointer is the one way from it to the process
/// object.
SignalRuntime* g_runtime = nullptr;

/// Our libc's fs for as long as the handler runs, or, `late`, from when it is needed; then what it
/// was.
class HostFs {
 public:
  HostFs(SignalRuntime& runtime, const ProgramThread& thread, bool late)
      : fast_(has_fsgsbase()),
        owner_(runtime.fs_owner(thread)),
        owner_before_(owner_),
        host_(runtime.host_fs(thread)) {
    const SignalRuntime::LateFs late_fs = runtime.late_fs(thread);
    late_ = late && !fast_ && owner_ == FsOwner::kProgram && late_fs.on;
    interrupted_ = late_ ? thread.context->fs_base : read();
    if (!late_) {
      if (interrupted_ != host_) write(host_);
      owner_ = FsOwner::kRuntime;
    } else if (late_fs.until_then != 0) {
      write(late_fs.until_then);
      owner_ = FsOwner::kNobody;
    }
  }
  ~HostFs() {
    if (late_ ? owner_ != FsOwner::kProgram : interrupted_ != host_) write(interrupted_);
    owner_ = owner_before_;
  }
  HostFs(const HostFs&) = delete;
  HostFs& operator=(const HostFs&) = delete;
  uint64_t interrupted() const { return interrupted_; }

 private:
  uint64_t read() const {
    uint64_t base = 0;
    if (fast_) {
      asm volatile("rdfsbase %0" : "=r"(base));
    } else {
      raw_syscall(__NR_arch_prctl, ARCH_GET_FS, word(&base));
    }
    return base;
  }
  void write(uint64_t base) const {
    if (fast_) {
      asm volatile("wrfsbase %0" ::"r"(base));
    } else {
      raw_syscall(__NR_arch_prctl, ARCH_SET_FS, base);
    }
  }

  bool fast_;
  bool late_ = false;
  uint64_t& owner_;
  uint64_t owner_before_;
  uint64_t host_;
  uint64_t interrupted_ = 0;
};

x86::CpuContext registers_in(const FrameRegisters& frame) {
  x86::CpuContext context;
  copy_registers(frame, context);
  return context;
}

/// What else comes waits in the kernel until the pending one is delivered.
void queue(ProgramThread& thread, const siginfo_t& info, bool synchronous, FrameContext& frame) {
  make_pending(thread, info, synchronous, frame.mask);
  frame.mask = kAsynchronousSignals;
}

/// Saves the program's state, which the handler's frame holds, and sends the thread to the
/// dispatcher.
void take_out(ProgramThread& thread, const x86::CpuContext& context, uint64_t fs_base,
              FrameContext& frame) {
  const uint64_t gs_base = thread.context->gs_base;
  *thread.context = context;
  thread.context->fs_base = fs_base;
  thread.context->gs_base = gs_base;
  thread.context->rflags &= ~kTrapFlag;
  if (frame.registers.fpstate != 0) {
    const auto* area = reinterpret_cast<const uint8_t*>(frame.registers.fpstate);
    FrameXstate extended;
    std::memcpy(&extended, area + kFrameXstateOffset, sizeof extended);
    constexpr size_t kLegacySize = 512;
    const size_t size = extended.magic1 == kMagic1 ? extended.xstate_size : kLegacySize;
    std::memcpy(thread.xsave, area, std::min<size_t>(size, thread.xsave_size));
    *thread.x87_apart = 0;
  }
  frame.registers.rip = g_runtime->leave_cache_address();
  frame.registers.eflags &= ~kTrapFlag;
}

[[noreturn]] void report_bug(int signal, const siginfo_t& info, const x86::CpuContext& registers) {
  static constexpr char kDigits[] = "0123456789abcdef";
  char line[] =
      "weft: fault in the runtime: signal 00 at 0000000000000000 address 0000000000000000\n";
  const auto put_hex = [&line](const char* before, uint64_t value) {
    char* at = std::strstr(line, before) + std::strlen(before) + 15;
    for (int i = 0; i < 16; ++i, value >>= 4) *at-- = kDigits[value & 15];
  };
  char* number = std::strstr(line, "signal ") + 7;
  number[0] = static_cast<char>('0' + signal / 10);
  number[1] = static_cast<char>('0' + signal % 10);
  put_hex(" at ", registers.rip);
  put_hex("address ", reinterpret_cast<uint64_t>(info.si_addr));
  constexpr int kStandardError = 2;
  raw_syscall(__NR_write, kStandardError, word(line), sizeof line - 1);
  KernelAction action;
  raw_syscall(__NR_rt_sigaction, static_cast<uint64_t>(signal), word(&action), 0,
              sizeof(SignalSet));
  exchange_mask(0);
  kernel::send_to_self(signal);
  __builtin_trap();
}

void note_fault(SignalState& state, const siginfo_t& raised, const siginfo_t& shown,
                const FrameRegisters& frame) {
  const bool memory = shown.si_signo == SIGSEGV || shown.si_signo == SIGBUS;
  if (memory && (raised.si_addr != shown.si_addr || raised.si_code != shown.si_code)) {
    // A branch of the program, which failed at an address of ours.
    describe_fault(state, shown, true);
    return;
  }
  state.error_code = frame.error_code;
  state.trap_number = frame.trap_number;
  state.fault_address = frame.cr2;
}

void leave_cache(ProgramThread& thread, FrameContext& frame, uint64_t fs);

void on_synchronous(ProgramThread& thread, siginfo_t& info, FrameContext& frame, uint64_t fs) {
  x86::CpuContext registers = registers_in(frame.registers);
  registers.fs_base = fs;
  const siginfo_t raised = info;
  const auto* vector_state = reinterpret_cast<const void*>(frame.registers.fpstate);
  switch (g_runtime->on_fault(thread, info, registers, vector_state)) {
    case FaultAnswer::kHandled:
      copy_registers(registers, frame.registers);
      return;
    case FaultAnswer::kLeave:
      copy_registers(registers, frame.registers);
      leave_cache(thread, frame, fs);
      return;
    case FaultAnswer::kProgram: {
      // The fault comes before the signal for whose delivery the thread was on its way.
      SignalState& state = *thread.signals;
      if (state.has_pending) frame.mask = state.mask_before;
      give_back_pending(thread);
      note_fault(state, raised, info, frame.registers);
      queue(thread, info, true, frame);
      take_out(thread, registers, fs, frame);
      return;
    }
    case FaultAnswer::kMoved:
      return take_out(thread, registers, fs, frame);
    case FaultAnswer::kStep:
      thread.signals->stepping = true;
      frame.registers.eflags |= kTrapFlag;
      return;
    case FaultAnswer::kUncheck:
      thread.signals->unchecked = true;
      frame.registers.eflags &= ~kAlignmentCheck;
      frame.registers.eflags |= kTrapFlag;
      return;
    case FaultAnswer::kBug:
      report_bug(info.si_signo, info, registers);
  }
}

/// The thread is in the cache: takes it out, or lets it go on by one instruction.
void leave_cache(ProgramThread& thread, FrameContext& frame, uint64_t fs) {
  SignalState& state = *thread.signals;
  x86::CpuContext registers = registers_in(frame.registers);
  state.stepping = !g_runtime->translate(thread, registers);
  if (state.stepping) {
    frame.registers.eflags |= kTrapFlag;
  } else {
    take_out(thread, registers, fs, frame);
  }
}

/// Sends the thread to the dispatcher, if it is in the cache or about to enter it, and tells where
/// it was.
Place leave_for_dispatcher(ProgramThread& thread, FrameContext& frame, uint64_t fs) {
  const Place place = g_runtime->place(thread, frame.registers.rip);
  if (place == Place::kCache) leave_cache(thread, frame, fs);
  if (place == Place::kEntering) frame.registers.rip = g_runtime->abort_enter_address();
  return place;
}

void on_asynchronous(ProgramThread& thread, const siginfo_t& info, FrameContext& frame,
                     uint64_t fs) {
  SignalState& state = *thread.signals;
  const SignalSet bit = set_of(info.si_signo);
  // The kernel blocks none of these for the program.
  if ((kSynchronous & bit) != 0 &&
      (state.has_pending || is_blocked(thread, frame.registers, bit))) {
    hold(thread, info);
    if (!state.has_pending) repeat_call(frame.registers);
    return;
  }
  queue(thread, info, false, frame);
  if (leave_for_dispatcher(thread, frame, fs) != Place::kRuntime) return;
  FrameRegisters& registers = frame.registers;
  const GatePlace gate = gate_place(registers.rip);
  if (gate == GatePlace::kOutside && (kEnding & bit) != 0) {
    g_runtime->signal_waits(thread, info.si_signo);
  }
  if (gate == GatePlace::kNotMade) {
    registers.rip = reinterpret_cast<uint64_t>(weft_gate_interrupted);
  } else if (has_ended_call(registers)) {
    note_call_mask(thread);
  }
}

void on_nudge(ProgramThread& thread, FrameContext& frame, uint64_t fs) {
  siginfo_t info;
  if (!thread.signals->has_pending && take_held(thread, ~thread.signals->virtual_blocked, &info)) {
    return on_asynchronous(thread, info, frame, fs);
  }
  if (leave_for_dispatcher(thread, frame, fs) != Place::kRuntime) return;
  FrameRegisters& registers = frame.registers;
  if (g_runtime->is_inside(thread)) {
    *thread.signal_pending = 1;
  } else if (has_ended_call(registers) && !thread.signals->has_pending) {
    // It came too late and ended a call: the program makes the call once more.
    registers.rip = reinterpret_cast<uint64_t>(weft_gate_interrupted);
  }
}

bool is_stepping(const SignalState& state) { return state.stepping || state.unchecked; }

void on_step(ProgramThread& thread, FrameContext& frame, uint64_t fs) {
  SignalState& state = *thread.signals;
  if (state.unchecked) {
    state.unchecked = false;
    frame.registers.eflags |= kAlignmentCheck;
    if (!state.stepping) {
      frame.registers.eflags &= ~kTrapFlag;
      return;
    }
  }
  // From the cache it is leave_cache that says whether the thread steps on.
  if (leave_for_dispatcher(thread, frame, fs) == Place::kCache) return;
  state.stepping = false;
  frame.registers.eflags &= ~kTrapFlag;
}

/// Raised by the instruction at `rip`, and not by a system call of the program, which may give any
/// code.
bool is_synchronous(const siginfo_t& info, uint64_t rip) {
  return info.si_code > 0 && (kSynchronous & set_of(info.si_signo)) != 0 &&
         info.si_signo != SIGSYS && gate_place(rip) == GatePlace::kOutside;
}

/// The kernel leaves alignment checks on if the program had them on; our code is not made for them.
inline void clear_alignment_check() {
  asm volatile(
      "pushfq\n"
      "andl $0xfffbffff, (%%rsp)\n"
      "popfq\n" ::
          : "memory", "cc");
}

void master_handler(int, siginfo_t* info, void* context) {
  clear_alignment_check();
  auto& frame = *static_cast<FrameContext*>(context);
  const bool synchronous = is_synchronous(*info, frame.registers.rip);
  if (synchronous && is_safe_copy(frame.registers.rip)) {
    const auto address = reinterpret_cast<uint64_t>(info->si_addr);
    if (info->si_code == SEGV_ACCERR && g_runtime->let_runtime_write(address)) return;
    frame.registers.rip = reinterpret_cast<uint64_t>(weft_safe_copy_failed);
    return;
  }
  ProgramThread* thread = g_runtime->current();
  if (thread == nullptr || thread->signals == nullptr) {
    if (synchronous) report_bug(info->si_signo, *info, registers_in(frame.registers));
    return;
  }
  const bool is_nudging = is_nudge(*info) || is_cpu_alarm(*info);
  if (!synchronous && !is_nudging && !is_alarm(*info)) {
    if (is_tools_child(*thread, info->si_signo)) return take_default_action(info->si_signo, frame);
    const bool other = is_other_thread(*thread);
    if (is_own_abort(*info, frame.registers)) {
      g_runtime->aborted(other ? nullptr : thread, registers_in(frame.registers));
    }
    if (other) return pass_on(*thread, *info, frame);
  }
  const HostFs fs(*g_runtime, *thread, synchronous);
  if (is_alarm(*info)) {
    g_runtime->alarm(*thread, *info, registers_in(frame.registers));
  } else if (is_nudging) {
    if (is_cpu_alarm(*info)) g_runtime->cpu_alarm(*info);
    on_nudge(*thread, frame, fs.interrupted());
  } else if (is_stepping(*thread->signals) && info->si_signo == SIGTRAP && synchronous) {
    on_step(*thread, frame, fs.interrupted());
  } else if (synchronous) {
    on_synchronous(*thread, *info, frame, fs.interrupted());
  } else {
    on_asynchronous(*thread, *info, frame, fs.interrupted());
  }
}

int64_t set_action(int signal, const KernelAction& action, KernelAction* before) {
  return raw_syscall(__NR_rt_sigaction, static_cast<uint64_t>(signal), word(&action), word(before),
                     sizeof(SignalSet));
}

}  // namespace

void set_signal_runtime(SignalRuntime& runtime) { g_runtime = &runtime; }

uint64_t exchange_mask(uint64_t mask) {
  uint64_t before = 0;
  raw_syscall(__NR_rt_sigprocmask, SIG_SETMASK, word(&mask), word(&before), sizeof mask);
  return before;
}

void install_master_handler(int signal, uint64_t program_flags) {
  constexpr uint64_t kCopied = SA_RESTART | SA_NOCLDSTOP | SA_NOCLDWAIT;
  KernelAction action;
  action.handler = reinterpret_cast<uint64_t>(master_handler);
  action.flags = SA_SIGINFO | SA_ONSTACK | kRestorerFlag | (program_flags & kCopied);
  action.restorer = reinterpret_cast<uint64_t>(weft_signal_return);
  action.mask = kAllSignals;
  CHECK(set_action(signal, action, nullptr) == 0);
}

KernelAction exchange_host_action(int signal, void (*handler)(int, siginfo_t*, void*)) {
  KernelAction action;
  action.handler = reinterpret_cast<uint64_t>(handler);
  action.flags = SA_SIGINFO | kRestorerFlag;
  action.restorer = reinterpret_cast<uint64_t>(weft_signal_return);
  action.mask = kAllSignals;
  KernelAction before;
  CHECK(set_action(signal, action, &before) == 0);
  return before;
}

}  // namespace weft::linux
