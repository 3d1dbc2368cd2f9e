#include "linux/sys_emulator.h"

#include <asm/prctl.h>
#include <linux/audit.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>

#include "base/runtime_fs.h"
#include "linux/layout.h"
#include "linux/raw_syscall.h"
#include "linux/sys_clone.h"
#include "linux/sys_descriptors.h"
#include "linux/sys_exec.h"
#include "linux/sys_gate.h"
#include "linux/sys_limits.h"
#include "linux/sys_memory.h"
#include "linux/sys_proc_files.h"
#include "linux/sys_program_memory.h"
#include "linux/sys_seccomp.h"
#include "linux/sys_signal_calls.h"
#include "linux/sys_written_files.h"
#include "linux/sys_written_memory.h"

namespace weft::linux {
namespace {

/// Length of the system call instruction, by which the kernel, too, goes back to repeat a call.
constexpr uint64_t kSyscallLength = 2;
constexpr int kFromSeccomp = 1;  // SYS_SECCOMP, which libc's headers lack

SyscallArguments arguments_of(const x86::CpuContext& context) {
  SyscallArguments call;
  call.number = static_cast<int64_t>(context[x86::kRax]);
  call.a[0] = context[x86::kRdi];
  call.a[1] = context[x86::kRsi];
  call.a[2] = context[x86::kRdx];
  call.a[3] = context[x86::kR10];
  call.a[4] = context[x86::kR8];
  call.a[5] = context[x86::kR9];
  return call;
}

void leave_result(x86::CpuContext& context, int64_t result) {
  context[x86::kRax] = static_cast<uint64_t>(result);
  context[x86::kRcx] = context.rip;
  context[x86::kR11] = context.rflags;
}

int64_t set_base(uint64_t& base, uint64_t address) {
  if (address >= kUserEnd) return -EPERM;
  base = address;
  return 0;
}

int64_t arch_prctl(x86::CpuContext& context, const SyscallArguments& call) {
  const auto code = static_cast<int>(call.a[0]);
  switch (code) {
    case ARCH_SET_FS:
      return set_base(context.fs_base, call.a[1]);
    case ARCH_SET_GS:
      return set_base(context.gs_base, call.a[1]);
    case ARCH_GET_FS:
      return write_program(call.a[1], context.fs_base) ? 0 : -EFAULT;
    case ARCH_GET_GS:
      return write_program(call.a[1], context.gs_base) ? 0 : -EFAULT;
    default:
      break;
  }
  // Hardware shadow stacks know nothing of the code cache's returns: as on a CPU without them.
  constexpr int kFirstShadowStackCode = 0x5001;
  constexpr int kLastShadowStackCode = 0x5005;
  if (code >= kFirstShadowStackCode && code <= kLastShadowStackCode) return -EINVAL;
  return raw_syscall(call.number, call.a[0], call.a[1]);
}

/// Frequent calls that mean the same to the kernel as to the program.
bool is_only_passed_on(uint64_t number) {
  switch (number) {
    case __NR_read:
    case __NR_readv:
    case __NR_pread64:
    case __NR_write:
    case __NR_writev:
    case __NR_pwrite64:
    case __NR_lseek:
    case __NR_fstat:
    case __NR_poll:
    case __NR_epoll_wait:
    case __NR_epoll_ctl:
    case __NR_socket:
    case __NR_accept:
    case __NR_accept4:
    case __NR_connect:
    case __NR_recvfrom:
    case __NR_recvmsg:
    case __NR_sendto:
    case __NR_sendmsg:
    case __NR_setsockopt:
    case __NR_getsockopt:
    case __NR_futex:
    case __NR_nanosleep:
    case __NR_clock_nanosleep:
    case __NR_clock_gettime:
    case __NR_gettimeofday:
    case __NR_time:
    case __NR_times:
    case __NR_getrusage:
    case __NR_sched_yield:
    case __NR_getpid:
    case __NR_gettid:
    case __NR_getppid:
    case __NR_getuid:
    case __NR_geteuid:
    case __NR_getgid:
    case __NR_getegid:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct SyscallEmulator::Impl {
  Impl(SysRuntime& runtime_in, AddressSpace& space, SignalCalls& signals_in, ProgramImage image_in,
       FollowOptions follow_in)
      : runtime(runtime_in),
        signals(signals_in),
        image(std::move(image_in)),
        follow(std::move(follow_in)),
        memory(runtime, space, image.break_start, image.stack),
        files(image, space, signals),
        limits(space),
        exec(runtime, signals, limits, files, follow),
        clone(runtime, signals, memory),
        written_files(runtime, space) {}

  /// The result, or kInterruptedBeforeCall. Calls that end the thread or the process come before.
  int64_t call(ProgramThread& thread, x86::CpuContext& context, SyscallArguments& call);
  int64_t pass_on(ProgramThread& thread, const SyscallArguments& call);
  /// A call failed with EFAULT: true if a page that it writes was protected and no longer is.
  bool let_write_results(const SyscallArguments& call);
  int64_t execute(ProgramThread& thread, const SyscallArguments& call);
  std::optional<int64_t> refused(const SyscallArguments& call) const;
  std::optional<int64_t> prctl(const SyscallArguments& call) const;
  static std::optional<int64_t> membarrier(const SyscallArguments& call);

  std::optional<Outcome> filter(ProgramThread& thread, x86::CpuContext& context,
                                const SyscallArguments& call);
  Outcome end_thread(ProgramThread& thread, uint64_t status);
  [[noreturn]] void kill_process(ProgramThread& thread, int signal);
  [[noreturn]] void end_process(ProgramThread& thread, uint64_t status);

  SysRuntime& runtime;
  SignalCalls& signals;
  const ProgramImage image;
  const FollowOptions follow;
  MemoryCalls memory;
  ProcFiles files;
  Limits limits;
  ExecCalls exec;
  CloneCalls clone;
  WrittenFiles written_files;
  Descriptors descriptors;
  Seccomp seccomp;
};

SyscallEmulator::SyscallEmulator(SysRuntime& runtime, AddressSpace& space, SignalCalls& signals,
                                 ProgramImage image, FollowOptions follow)
    : impl_(std::make_unique<Impl>(runtime, space, signals, std::move(image), std::move(follow))) {}

SyscallEmulator::~SyscallEmulator() = default;

Outcome SyscallEmulator::handle(ProgramThread& thread, x86::CpuContext& context) {
  // What has already been taken from the kernel comes before any call, and the more so before an
  // end.
  if (*thread.signal_pending != 0) {
    context.rip -= kSyscallLength;
    return Outcome::kNotMade;
  }
  SyscallArguments call = arguments_of(context);
  if (const auto outcome = impl_->filter(thread, context, call)) return *outcome;
  if (impl_->signals.handles(call.number)) return impl_->signals.handle(thread, context);
  if (call.number == __NR_exit) return impl_->end_thread(thread, call.a[0]);
  if (call.number == __NR_exit_group) impl_->end_process(thread, call.a[0]);

  const int64_t result = impl_->call(thread, context, call);
  if (result == kInterruptedBeforeCall) {
    context.rip -= kSyscallLength;
    return Outcome::kNotMade;
  }
  leave_result(context, result);
  return Outcome::kContinue;
}

bool SyscallEmulator::passes_on(const ProgramThread& thread, const x86::CpuContext& context) const {
  // Nor is there anything to look up: no filter, no protected page that the call may write.
  if (thread.seccomp != nullptr || impl_->runtime.protects_pages()) return false;
  return is_only_passed_on(context[x86::kRax]);
}

int64_t SyscallEmulator::Impl::call(ProgramThread& thread, x86::CpuContext& context,
                                    SyscallArguments& call) {
  if (MemoryCalls::handles(call.number)) return memory.handle(call);
  written_files.before(call);
  if (CloneCalls::handles(call.number)) return clone.handle(thread, context, call);
  if (ExecCalls::handles(call.number)) return execute(thread, call);
  if (call.number == __NR_arch_prctl) return arch_prctl(context, call);
  if (call.number == __NR_ptrace && call.a[0] == PTRACE_TRACEME) runtime.trace_begins();
  if (const auto answer = refused(call)) return *answer;
  if (const auto answer = seccomp.install(thread, call)) return *answer;
  if (const auto answer = descriptors.intercept(call)) return *answer;
  if (const auto answer = limits.intercept(thread, call)) return *answer;
  if (const auto answer = files.intercept(thread, call)) return *answer;
  const int64_t result = pass_on(thread, call);
  written_files.after(call, result, thread.borrowed);
  return result;
}

std::optional<int64_t> SyscallEmulator::Impl::refused(const SyscallArguments& call) const {
  switch (call.number) {
    case __NR_rseq:
      // A restartable sequence would have to be restarted in the code cache.
      return -ENOSYS;
    case __NR_membarrier:
      return membarrier(call);
    case __NR_prctl:
      return prctl(call);
    default:
      return std::nullopt;
  }
}

std::optional<int64_t> SyscallEmulator::Impl::membarrier(const SyscallArguments& call) {
  // A kernel without rseq has no barrier for it either; libraries that find one rely on both.
  constexpr int kOfRseq =
      MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
  const auto command = static_cast<int>(call.a[0]);
  if (command == MEMBARRIER_CMD_QUERY && call.a[1] == 0) {
    const int64_t commands = raw_syscall(__NR_membarrier, MEMBARRIER_CMD_QUERY, 0);
    return commands < 0 ? commands : commands & ~int64_t{kOfRseq};
  }
  if ((command & kOfRseq) != 0) return -EINVAL;
  return std::nullopt;
}

std::optional<int64_t> SyscallEmulator::Impl::prctl(const SyscallArguments& call) const {
  constexpr int kGetAuxv = 0x41555856;
  switch (static_cast<int>(call.a[0])) {
    case PR_SET_SYSCALL_USER_DISPATCH:
      // Would send the runtime's own calls to the program's handler.
      return -EINVAL;
    case PR_SET_MM:
      // About the kernel's break and areas, which are the runtime's: as without the privilege.
      return -EPERM;
    case kGetAuxv:
      if (image.auxv.empty()) return std::nullopt;
      if ((call.a[3] | call.a[4]) != 0) return -EINVAL;
      if (!write_program(call.a[1], image.auxv.data(),
                         std::min<size_t>(call.a[2], image.auxv.size()))) {
        return -EFAULT;
      }
      return static_cast<int64_t>(image.auxv.size());
    default:
      return std::nullopt;
  }
}

int64_t SyscallEmulator::Impl::pass_on(ProgramThread& thread, const SyscallArguments& call) {
  const bool protects = runtime.protects_pages();
  if (protects) {
    // Before, because a call that fills a part of its buffer does not fail.
    for_each_filled_buffer(call, [this](AppRange range) { runtime.let_kernel_write(range); });
  }
  const int64_t result = weft_syscall_gate(&call, thread.signal_pending);
  if (result != -EFAULT || !protects || !let_write_results(call)) return result;
  return weft_syscall_gate(&call, thread.signal_pending);
}

bool SyscallEmulator::Impl::let_write_results(const SyscallArguments& call) {
  bool any = false;
  for (const uint64_t argument : call.a) {
    if (argument < kPageSize || argument >= kUserEnd) continue;
    any |= runtime.let_kernel_write({{argument}, {argument + kPageSize}});
  }
  if (any || !writes_through_structures(call)) return any;
  return runtime.let_kernel_write({{0}, {kUserEnd}});
}

int64_t SyscallEmulator::Impl::execute(ProgramThread& thread, const SyscallArguments& call) {
  std::unique_ptr<ExecScratch> own;
  return exec.handle(thread, call, thread.borrowed ? thread.exec_scratch : &own);
}

std::optional<Outcome> SyscallEmulator::Impl::filter(ProgramThread& thread,
                                                     x86::CpuContext& context,
                                                     const SyscallArguments& call) {
  const SeccompFilter* newest = seccomp.filters(thread);
  if (newest == nullptr) return std::nullopt;
  // Another thread may have installed it since passes_on() was asked.
  need_runtime_fs();
  const SeccompVerdict verdict = judge(newest, call, context.rip);
  switch (verdict.action) {
    case SECCOMP_RET_ALLOW:
    case SECCOMP_RET_LOG:
      return std::nullopt;
    case SECCOMP_RET_ERRNO: {
      constexpr int kHighestErrno = 4095;
      leave_result(context, -std::min<int>(verdict.data, kHighestErrno));
      return Outcome::kContinue;
    }
    case SECCOMP_RET_TRACE:  // with no tracer
    case SECCOMP_RET_USER_NOTIF:
      leave_result(context, -ENOSYS);
      return Outcome::kContinue;
    case SECCOMP_RET_TRAP: {
      // The handler finds the registers as they were before the call.
      leave_result(context, call.number);
      siginfo_t info{};
      info.si_signo = SIGSYS;
      info.si_code = kFromSeccomp;
      info.si_errno = verdict.data;
      info.si_call_addr = reinterpret_cast<void*>(context.rip);
      info.si_syscall = static_cast<int>(call.number);
      info.si_arch = AUDIT_ARCH_X86_64;
      signals.force(thread, info);
      return Outcome::kContinue;
    }
    case SECCOMP_RET_KILL_THREAD: {
      const int signal = newest->strict ? SIGKILL : SIGSYS;
      if (clone.live_threads() == 1 || thread.borrowed) kill_process(thread, signal);
      return end_thread(thread, static_cast<uint64_t>(signal));
    }
    default:
      kill_process(thread, SIGSYS);
  }
}

void SyscallEmulator::Impl::kill_process(ProgramThread& thread, int signal) {
  constexpr int kStatusOfSignal = 128;
  if (!thread.borrowed) runtime.process_ending(thread, kStatusOfSignal + signal);
  const struct { uint64_t handler, flags, restorer, mask; } default_action{};
  const uint64_t mask = uint64_t{1} << (signal - 1);
  raw_syscall(__NR_rt_sigaction, static_cast<uint64_t>(signal), word(&default_action), 0,
              sizeof mask);
  raw_syscall(__NR_rt_sigprocmask, SIG_UNBLOCK, word(&mask), 0, sizeof mask);
  while (true) {
    raw_syscall(__NR_tgkill, static_cast<uint64_t>(raw_syscall(__NR_getpid)),
                static_cast<uint64_t>(raw_syscall(__NR_gettid)), static_cast<uint64_t>(signal));
  }
}

Outcome SyscallEmulator::Impl::end_thread(ProgramThread& thread, uint64_t status) {
  if (thread.borrowed) {
    while (true) raw_syscall(__NR_exit, status);
  }
  const bool last = clone.thread_ended();
  if (last) {
    runtime.process_ending(thread, static_cast<int>(status & 0xff));
  } else {
    runtime.thread_ending(thread);
  }
  // From here on a signal would find a thread that is half gone.
  const uint64_t all = ~uint64_t{0};
  raw_syscall(__NR_rt_sigprocmask, 0 /* SIG_BLOCK */, word(&all), 0, sizeof all);
  // The first thread's status is the process's, and libc would end the process with its last one.
  if (last || thread.tid == thread.pid) {
    if (!last) signals.give_back(thread);
    // Threads that are not the program's may be left; they end with its last one.
    while (true) raw_syscall(last ? __NR_exit_group : __NR_exit, status);
  }
  return Outcome::kThreadEnds;
}

void SyscallEmulator::Impl::end_process(ProgramThread& thread, uint64_t status) {
  if (!thread.borrowed) runtime.process_ending(thread, static_cast<int>(status & 0xff));
  while (true) raw_syscall(__NR_exit_group, status);
}

bool SyscallEmulator::prepare_first_thread(ProgramThread& thread) {
  if (impl_->image.seccomp_fd < 0) return true;
  thread.seccomp = load_seccomp(impl_->image.seccomp_fd);
  return thread.seccomp != nullptr;
}

bool SyscallEmulator::announce_thread(ThreadStart& start, ProgramThread& thread) {
  return CloneCalls::announce(start, thread);
}

int SyscallEmulator::keep_descriptor(int fd) { return impl_->descriptors.keep(fd); }
void SyscallEmulator::release_descriptor(int fd) { impl_->descriptors.release(fd); }

}  // namespace weft::linux
