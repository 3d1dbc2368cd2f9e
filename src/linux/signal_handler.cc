#include "linux/signal_handler.h"

#include <asm/prctl.h>
#include <sys/auxv.h>
#include <sys/ucontext.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/runtime_fs.h"
#include "linux/raw_syscall.h"
#include "linux/signal_frame.h"
#include "linux/signal_queue.h"
#include "linux/signal_safe_copy.h"
#include "linux/signal_state.h"
#include "linux/sys_gate.h"
#include "linux/sys_program_memory.h"

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

constexpr uint64_t kRestorerFlag = 0x04000000;  // SA_RESTORER
constexpr uint64_t kTrapFlag = 0x100;
constexpr uint64_t kAlignmentCheck = 0x40000;
constexpr unsigned long kHwcap2Fsgsbase = 2;

/// A signal handler gets no argument of ours: this pointer is the one way from it to the process
/// object.
SignalRuntime* g_runtime = nullptr;

/// Our libc's fs for as long as the handler runs, or, `late`, from when it is needed; then what it
/// was.
class HostFs {
 public:
  HostFs(SignalRuntime& runtime, const ProgramThread& thread, bool late)
      : fast_((getauxval_safe() & kHwcap2Fsgsbase) != 0),
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
  /// AT_HWCAP2 as libc keeps it; reads no thread-local storage.
  static unsigned long getauxval_safe() { return getauxval(AT_HWCAP2); }
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
  raw_syscall(__NR_tgkill, static_cast<uint64_t>(raw_syscall(__NR_getpid)),
              static_cast<uint64_t>(raw_syscall(__NR_gettid)), static_cast<uint64_t>(signal));
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

/// The handler of a signal that ends such a call runs under the call's mask, and may be interrupted
/// by what that mask lets through.
void note_call_mask(ProgramThread& thread) {
  SignalState& state = *thread.signals;
  const uint64_t at = mask_argument(*thread.context);
  SignalSet mask = 0;
  if (at == 0 || !read_program(&mask, at)) return;
  state.in_masked_call = true;
  state.call_mask = mask & ~kUnblockable;
}

void on_asynchronous(ProgramThread& thread, const siginfo_t& info, FrameContext& frame,
                     uint64_t fs) {
  SignalState& state = *thread.signals;
  const SignalSet bit = set_of(info.si_signo);
  // The kernel blocks none of these for the program; an interrupted call starts again by itself.
  if ((kSynchronous & bit) != 0 && (state.has_pending || (state.virtual_blocked & bit) != 0)) {
    hold(state, info);
    return;
  }
  queue(thread, info, false, frame);
  if (leave_for_dispatcher(thread, frame, fs) != Place::kRuntime) return;
  FrameRegisters& registers = frame.registers;
  const GatePlace gate = gate_place(registers.rip);
  if (gate == GatePlace::kNotMade) {
    registers.rip = reinterpret_cast<uint64_t>(weft_gate_interrupted);
  } else if (gate == GatePlace::kMade && registers.rax == static_cast<uint64_t>(-EINTR)) {
    note_call_mask(thread);
  }
}

/// A nudge is one of the signals that the kernel never blocks, so that it comes whatever the
/// program does with its mask. SIGFPE: a real one that is lost beside it in the queue comes again.
constexpr int kNudgeSignal = SIGFPE;
constexpr int kNudgeCode = -0x77;

bool is_nudge(const siginfo_t& info) {
  return info.si_signo == kNudgeSignal && info.si_code == kNudgeCode &&
         info.si_value.sival_ptr == &g_runtime;
}

void on_nudge(ProgramThread& thread, FrameContext& frame, uint64_t fs) {
  if (leave_for_dispatcher(thread, frame, fs) != Place::kRuntime) return;
  FrameRegisters& registers = frame.registers;
  if (g_runtime->is_inside(thread)) {
    *thread.signal_pending = 1;
  } else if (gate_place(registers.rip) == GatePlace::kMade &&
             registers.rax == static_cast<uint64_t>(-EINTR) && !thread.signals->has_pending) {
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

/// Whether this is a thread of a tool's own, which has gs from the thread that made it. (The child
/// of a fork is not, before it has noted its number; nor is a thread that has none yet.)
bool is_other_thread(const ProgramThread& thread) {
  if (thread.borrowed || thread.tid == 0) return false;
  return thread.tid != raw_syscall(__NR_gettid) && thread.pid == raw_syscall(__NR_getpid);
}

/// A signal of the process that came to a thread which is not the program's: to be taken by one
/// that is. This one gets no more of them.
void pass_on(const ProgramThread& thread, const siginfo_t& info, FrameContext& frame) {
  frame.mask |= kAsynchronousSignals;
  raw_syscall(__NR_rt_sigqueueinfo, static_cast<uint64_t>(thread.pid),
              static_cast<uint64_t>(info.si_signo), word(&info));
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
  if (!synchronous && !is_nudge(*info) && is_other_thread(*thread)) {
    pass_on(*thread, *info, frame);
    return;
  }
  const HostFs fs(*g_runtime, *thread, synchronous);
  if (is_nudge(*info)) {
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

void describe_fault(SignalState& state, const siginfo_t& info, bool fetch) {
  constexpr uint64_t kDebug = 1;
  constexpr uint64_t kInvalidOpcode = 6;
  constexpr uint64_t kGeneralProtection = 13;
  constexpr uint64_t kPageFault = 14;
  state.error_code = 0;
  if (info.si_signo == SIGTRAP) state.trap_number = kDebug;
  if (info.si_signo == SIGILL) state.trap_number = kInvalidOpcode;
  if (info.si_signo != SIGSEGV && info.si_signo != SIGBUS) return;
  if (info.si_code == SI_KERNEL) {
    state.trap_number = kGeneralProtection;
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

void nudge(const ProgramThread& thread) {
  siginfo_t info{};
  info.si_signo = kNudgeSignal;
  info.si_code = kNudgeCode;
  info.si_value.sival_ptr = &g_runtime;
  raw_syscall(__NR_rt_tgsigqueueinfo, static_cast<uint64_t>(thread.pid),
              static_cast<uint64_t>(thread.tid), kNudgeSignal, word(&info));
}

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
