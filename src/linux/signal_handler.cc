#include "linux/signal_handler.h"

#include <asm/prctl.h>
#include <sys/auxv.h>
#include <sys/ucontext.h>

#include <algorithm>
#include <cstring>

#include "linux/raw_syscall.h"
#include "linux/signal_frame.h"
#include "linux/signal_services.h"
#include "linux/signal_state.h"
#include "linux/sys_gate.h"

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
constexpr unsigned long kHwcap2Fsgsbase = 2;

/// A signal handler gets no argument of ours: this pointer is the one way from it to the process object.
SignalRuntime* g_runtime = nullptr;

/// Our libc's fs for as long as the handler runs, then what it was.
class HostFs {
 public:
  explicit HostFs(uint64_t host) : fast_((getauxval_safe() & kHwcap2Fsgsbase) != 0) {
    interrupted_ = read();
    if (interrupted_ != host) write(host);
    host_ = host;
  }
  ~HostFs() {
    if (interrupted_ != host_) write(interrupted_);
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
  uint64_t interrupted_ = 0;
  uint64_t host_ = 0;
};

x86::CpuContext read_registers(const FrameRegisters& frame) {
  x86::CpuContext context;
  context[x86::kRax] = frame.rax;
  context[x86::kRcx] = frame.rcx;
  context[x86::kRdx] = frame.rdx;
  context[x86::kRbx] = frame.rbx;
  context[x86::kRsp] = frame.rsp;
  context[x86::kRbp] = frame.rbp;
  context[x86::kRsi] = frame.rsi;
  context[x86::kRdi] = frame.rdi;
  std::copy_n(&frame.r8, 8, &context.gpr[x86::kR8]);
  context.rip = frame.rip;
  context.rflags = frame.eflags;
  return context;
}

void write_registers(const x86::CpuContext& context, FrameRegisters& frame) {
  frame.rax = context[x86::kRax];
  frame.rcx = context[x86::kRcx];
  frame.rdx = context[x86::kRdx];
  frame.rbx = context[x86::kRbx];
  frame.rsp = context[x86::kRsp];
  frame.rbp = context[x86::kRbp];
  frame.rsi = context[x86::kRsi];
  frame.rdi = context[x86::kRdi];
  std::copy_n(&context.gpr[x86::kR8], 8, &frame.r8);
  frame.rip = context.rip;
  frame.eflags = context.rflags;
}

void queue(ProgramThread& thread, const siginfo_t& info, bool synchronous, FrameContext& frame) {
  SignalState& state = *thread.signals;
  state.pending = info;
  state.synchronous = synchronous;
  state.error_code = frame.registers.error_code;
  state.trap_number = frame.registers.trap_number;
  state.fault_address = frame.registers.cr2;
  if (!state.has_pending) state.mask_before = frame.mask;
  state.has_pending = true;
  *thread.signal_pending = 1;
  // What else comes waits in the kernel until this one is delivered.
  frame.mask = asynchronous_signals();
}

/// A fault comes before the asynchronous signal for whose delivery the thread was on its way: that one
/// goes back to the kernel, where it is blocked until later.
void give_back_pending(ProgramThread& thread) {
  SignalState& state = *thread.signals;
  if (!state.has_pending) return;
  siginfo_t info = state.pending;
  raw_syscall(__NR_rt_tgsigqueueinfo, static_cast<uint64_t>(raw_syscall(__NR_getpid)),
              static_cast<uint64_t>(raw_syscall(__NR_gettid)),
              static_cast<uint64_t>(info.si_signo), word(&info));
  state.stepping = false;
}

/// Saves the program's state, which the handler's frame holds, and sends the thread to the dispatcher.
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
  char line[] = "weft: fault in the runtime: signal 00 at 0000000000000000 address 0000000000000000\n";
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
  raw_syscall(__NR_rt_sigaction, static_cast<uint64_t>(signal), word(&action), 0, sizeof(SignalSet));
  exchange_mask(0);
  raw_syscall(__NR_tgkill, static_cast<uint64_t>(raw_syscall(__NR_getpid)),
              static_cast<uint64_t>(raw_syscall(__NR_gettid)), static_cast<uint64_t>(signal));
  __builtin_trap();
}

/// Where the program jumped to what cannot be executed, our fault was a read on the way there: the
/// program sees that of the instruction fetch.
void describe_fetch(const siginfo_t& info, const x86::CpuContext& registers, SignalState& state) {
  constexpr uint64_t kWrite = 2;
  constexpr uint64_t kUserFetch = 0x14;
  const auto address = reinterpret_cast<uint64_t>(info.si_addr);
  const bool page_fault = info.si_code == SEGV_MAPERR || info.si_code == SEGV_ACCERR;
  if (info.si_signo != SIGSEGV || !page_fault || address != registers.rip) return;
  if ((state.error_code & kWrite) != 0) return;  // a store into the instruction itself
  // The kernel calls its own half present, whatever is there.
  const bool present = info.si_code == SEGV_ACCERR || static_cast<int64_t>(address) < 0;
  state.error_code = kUserFetch | (present ? 1u : 0u);
  state.fault_address = address;
}

void on_synchronous(ProgramThread& thread, siginfo_t& info, FrameContext& frame, uint64_t fs) {
  x86::CpuContext registers = read_registers(frame.registers);
  switch (g_runtime->on_fault(thread, info, registers)) {
    case FaultAnswer::kHandled:
      write_registers(registers, frame.registers);
      return;
    case FaultAnswer::kProgram:
      give_back_pending(thread);
      queue(thread, info, true, frame);
      describe_fetch(info, registers, *thread.signals);
      take_out(thread, registers, fs, frame);
      return;
    case FaultAnswer::kBug:
      report_bug(info.si_signo, info, registers);
  }
}

/// The thread is in the cache: takes it out, or lets it go on by one instruction.
void leave_cache(ProgramThread& thread, FrameContext& frame, uint64_t fs) {
  SignalState& state = *thread.signals;
  x86::CpuContext registers = read_registers(frame.registers);
  state.stepping = !g_runtime->translate(thread, registers);
  if (state.stepping) {
    frame.registers.eflags |= kTrapFlag;
  } else {
    take_out(thread, registers, fs, frame);
  }
}

void on_asynchronous(ProgramThread& thread, const siginfo_t& info, FrameContext& frame,
                     uint64_t fs) {
  queue(thread, info, false, frame);
  FrameRegisters& registers = frame.registers;
  switch (g_runtime->place(thread, registers.rip)) {
    case Place::kCache:
      leave_cache(thread, frame, fs);
      break;
    case Place::kEntering:
      registers.rip = g_runtime->abort_enter_address();
      break;
    case Place::kRuntime:
      if (gate_place(registers.rip) == GatePlace::kNotMade) {
        registers.rip = reinterpret_cast<uint64_t>(weft_gate_interrupted);
      }
      break;
  }
}

void on_step(ProgramThread& thread, FrameContext& frame, uint64_t fs) {
  switch (g_runtime->place(thread, frame.registers.rip)) {
    case Place::kCache:
      leave_cache(thread, frame, fs);
      return;
    case Place::kEntering:
      frame.registers.rip = g_runtime->abort_enter_address();
      break;
    case Place::kRuntime:
      break;
  }
  thread.signals->stepping = false;
  frame.registers.eflags &= ~kTrapFlag;
}

bool is_synchronous(const siginfo_t& info) {
  return info.si_code > 0 && (kSynchronous & set_of(info.si_signo)) != 0 &&
         info.si_signo != SIGSYS;
}

void master_handler(int, siginfo_t* info, void* context) {
  auto& frame = *static_cast<FrameContext*>(context);
  ProgramThread* thread = g_runtime->current();
  if (thread == nullptr || thread->signals == nullptr) {
    if (is_synchronous(*info)) report_bug(info->si_signo, *info, read_registers(frame.registers));
    return;
  }
  const HostFs fs(g_runtime->host_fs(*thread));
  if (thread->signals->stepping && info->si_signo == SIGTRAP && is_synchronous(*info)) {
    on_step(*thread, frame, fs.interrupted());
  } else if (is_synchronous(*info)) {
    on_synchronous(*thread, *info, frame, fs.interrupted());
  } else {
    on_asynchronous(*thread, *info, frame, fs.interrupted());
  }
}

}  // namespace

void set_signal_runtime(SignalRuntime& runtime) { g_runtime = &runtime; }

uint64_t asynchronous_signals() { return ~kSynchronous; }

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
  action.mask = asynchronous_signals();
  const int64_t done = raw_syscall(__NR_rt_sigaction, static_cast<uint64_t>(signal), word(&action), 0,
                                   sizeof(SignalSet));
  CHECK(done == 0);
}

}  // namespace weft::linux
