#include "linux/call/emulator.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/ptrace.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>

#include "base/runtime_fs.h"
#include "linux/call/file/descriptors.h"
#include "linux/call/file/kept_names.h"
#include "linux/call/file/listings.h"
#include "linux/call/file/polled.h"
#include "linux/call/file/proc_files.h"
#include "linux/call/file/proc_reads.h"
#include "linux/call/file/running_program.h"
#include "linux/call/file/written_files.h"
#include "linux/call/memory/foreign_writes.h"
#include "linux/call/memory/memory.h"
#include "linux/call/memory/written_memory.h"
#include "linux/call/process/clone.h"
#include "linux/call/process/exec.h"
#include "linux/call/process/limits.h"
#include "linux/call/process/membarrier.h"
#include "linux/call/process/prctl.h"
#include "linux/call/process/seccomp.h"
#include "linux/call/process/thread_end.h"
#include "linux/call/table.h"
#include "linux/kernel/calls.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/program_memory.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"
#include "linux/memory/layout.h"
#include "linux/signal/calls.h"
#include "linux/signal/death.h"

namespace weft::linux {
namespace {

/// Length of the system call instruction, by which the kernel, too, goes back to repeat a call.
constexpr uint64_t kSyscallLength = 2;
constexpr int kFromSeccomp = 1;  // SYS_SECCOMP, which libc's headers lack

bool pokes(const SyscallArguments& call) {
  return call.number == __NR_ptrace &&
         (call.a[0] == PTRACE_POKETEXT || call.a[0] == PTRACE_POKEDATA);
}

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

}  // namespace

struct SyscallEmulator::Impl {
  Impl(SysRuntime& runtime_in, AddressSpace& space, SignalCalls& signals_in, ProgramImage image_in,
       FollowOptions follow_in)
      : runtime(runtime_in),
        signals(signals_in),
        image(std::move(image_in)),
        follow(std::move(follow_in)),
        limits(space),
        memory(runtime, space, limits, image.break_start, image.stack),
        files(image, space, signals),
        proc_reads(files),
        exec(runtime, signals, limits, files, follow),
        clone(runtime, signals, memory),
        written_files(runtime, space) {}

  /// The result, or kInterruptedBeforeCall. Calls that end the thread or the process come before.
  int64_t call(ProgramThread& thread, x86::CpuContext& context, SyscallArguments& call);
  int64_t make_task(ProgramThread& thread, x86::CpuContext& context, const SyscallArguments& call);
  int64_t of_process(ProgramThread& thread, const SyscallArguments& call);
  int64_t of_files(ProgramThread& thread, SyscallArguments& call);
  int64_t make_room_and_pass_on(ProgramThread& thread, const SyscallArguments& call);
  int64_t pass_on(ProgramThread& thread, const SyscallArguments& call);
  /// A call failed with EFAULT: true if a page that it writes was protected and no longer is.
  bool let_write_results(const SyscallArguments& call);
  int64_t execute(ProgramThread& thread, const SyscallArguments& call);

  std::optional<Outcome> filter(ProgramThread& thread, x86::CpuContext& context,
                                const SyscallArguments& call);
  Outcome end(ProgramThread& thread, const SyscallArguments& call);
  Outcome end_thread(ProgramThread& thread, uint64_t status);
  [[noreturn]] void kill_process(ProgramThread& thread, int signal);
  [[noreturn]] void end_process(ProgramThread& thread, uint64_t status);

  SysRuntime& runtime;
  SignalCalls& signals;
  const ProgramImage image;
  const FollowOptions follow;
  Limits limits;
  MemoryCalls memory;
  ProcFiles files;
  ProcReads proc_reads;
  RunningProgram running_program;
  Membarrier membarrier;
  ExecCalls exec;
  CloneCalls clone;
  WrittenFiles written_files;
  Descriptors descriptors;
  Seccomp seccomp;
};

SyscallEmulator::SyscallEmulator(SysRuntime& runtime, AddressSpace& space, SignalCalls& signals,
                                 ProgramImage image, FollowOptions follow)
    : impl_(std::make_unique<Impl>(runtime, space, signals, std::move(image), std::move(follow))) {
  for (const int fd : Surroundings::instance().held()) {
    if (fd >= 0) impl_->descriptors.adopt(fd);
  }
}

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
  const SystemCall& row = system_call(call.number);
  if (row.handler == Handler::kSignals) return impl_->signals.handle(thread, context);
  if (row.handler == Handler::kEnd) return impl_->end(thread, call);

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
  const SyscallArguments call = arguments_of(context);
  return system_call(call.number).without_libc && !impl_->proc_reads.concerns(call);
}

int64_t SyscallEmulator::Impl::call(ProgramThread& thread, x86::CpuContext& context,
                                    SyscallArguments& call) {
  if (descriptors.is_named(call)) return -EBADF;
  if (const auto answer = refuse_kept(thread, call, descriptors)) return *answer;
  const SystemCall& row = system_call(call.number);
  switch (row.handler) {
    case Handler::kMemory:
      return memory.handle(call);
    case Handler::kClone:
      return make_task(thread, context, call);
    case Handler::kExec:
      return execute(thread, call);
    case Handler::kBases:
      return arch_prctl(context, call);
    case Handler::kRefused:
      return -ENOSYS;
    case Handler::kProcess:
      return of_process(thread, call);
    case Handler::kFiles:
      return of_files(thread, call);
    case Handler::kKernel:
    case Handler::kSignals:
    case Handler::kEnd:
      break;
  }
  return make_room_and_pass_on(thread, call);
}

int64_t SyscallEmulator::Impl::make_task(ProgramThread& thread, x86::CpuContext& context,
                                         const SyscallArguments& call) {
  written_files.before(call);
  const int64_t result = clone.handle(thread, context, call);
  if (result != 0 && !thread.borrowed) descriptors.child_gone();
  return result;
}

int64_t SyscallEmulator::Impl::of_process(ProgramThread& thread, const SyscallArguments& call) {
  if (call.number == __NR_ptrace && call.a[0] == PTRACE_TRACEME) runtime.trace_begins();
  if (announce_tracer(call)) runtime.trace_begins();
  if (call.number == __NR_prctl) {
    if (const auto answer = answer_prctl(call, image.auxv)) return *answer;
  }
  if (const auto answer = membarrier.intercept(call)) return *answer;
  if (const auto answer = seccomp.install(thread, call)) return *answer;
  if (const auto answer = limits.intercept(thread, call)) return *answer;
  const int64_t result = pass_on(thread, call);
  membarrier.after(call, result);
  if (call.number == __NR_process_vm_writev) return finish_foreign_write(call, result);
  if (pokes(call) && result == 0) {
    note_foreign_write(static_cast<pid_t>(call.a[1]),
                       {{call.a[2]}, {call.a[2] + sizeof call.a[3]}});
  }
  return result;
}

int64_t SyscallEmulator::Impl::of_files(ProgramThread& thread, SyscallArguments& call) {
  written_files.before(call);
  proc_reads.before(call, thread.borrowed);
  descriptors.make_way_for(thread, call);
  if (const auto answer = descriptors.intercept(call)) return *answer;
  const auto pass = [&](const SyscallArguments& changed) { return pass_on(thread, changed); };
  if (const auto answer = answer_polling(call, descriptors, pass)) return *answer;
  if (const auto answer = files.intercept(thread, call, proc_reads)) return *answer;
  if (const auto answer = running_program.intercept(call)) return *answer;
  if (proc_reads.concerns(call)) {
    return proc_reads.answer(thread, call, [&] { return pass_on(thread, call); });
  }
  int64_t result = make_room_and_pass_on(thread, call);
  if (call.number == __NR_getdents64 || call.number == __NR_getdents) {
    int64_t listed = result;
    while ((result = hide_kept(thread, call, listed, descriptors)) == 0 && listed > 0) {
      listed = pass_on(thread, call);
    }
    return result;
  }
  proc_reads.after(call, result, thread.borrowed);
  written_files.after(call, result, thread.borrowed);
  return result;
}

int64_t SyscallEmulator::Impl::make_room_and_pass_on(ProgramThread& thread,
                                                     const SyscallArguments& call) {
  int64_t result = pass_on(thread, call);
  // The last numbers are the program's too.
  while (result == -EMFILE && !thread.borrowed && descriptors.give_up_one())
    result = pass_on(thread, call);
  if (system_call(call.number).makes_descriptor && !thread.borrowed &&
      !written_files.tables_differ()) {
    descriptors.after(call, result);
  }
  return result;
}

int64_t SyscallEmulator::Impl::pass_on(ProgramThread& thread, const SyscallArguments& call) {
  if (writes_unseen(call)) runtime.kernel_writes_unseen();
  const bool protects = runtime.protects_pages();
  if (protects) {
    // Before, because a call that fills a part of its buffer does not fail.
    for_each_filled_buffer(call, [this](AppRange range) { runtime.let_kernel_write(range); });
  }
  const auto make = [&] {
    return system_call(call.number).shows_signals ? signals.make_call(thread, call)
                                                  : weft_syscall_gate(&call, thread.signal_pending);
  };
  int64_t result = make();
  if (result == -EFAULT && protects && let_write_results(call)) result = make();
  if (prepares_unseen_writes(call) && !failed(result)) runtime.kernel_writes_unseen();
  return result;
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
  if (!thread.borrowed) runtime.process_dying(thread, signal);
  siginfo_t info{};
  info.si_signo = signal;
  info.si_code = SI_TKILL;
  die_by_signal(info);
}

Outcome SyscallEmulator::Impl::end(ProgramThread& thread, const SyscallArguments& call) {
  if (call.number == __NR_exit) return end_thread(thread, call.a[0]);
  end_process(thread, call.a[0]);
}

Outcome SyscallEmulator::Impl::end_thread(ProgramThread& thread, uint64_t status) {
  if (runtime.protects_pages()) {
    for_each_word_at_thread_end([this](AppRange word) { runtime.let_kernel_write(word); });
  }
  if (thread.borrowed) {
    if (thread.shares_memory) runtime.sharer_ending(thread);
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
  if (thread.shares_memory) runtime.sharer_ending(thread);
  kernel::end_process(status);
}

bool SyscallEmulator::prepare_first_thread(ProgramThread& thread) {
  if (impl_->image.seccomp_fd < 0) return true;
  thread.seccomp = load_seccomp(impl_->image.seccomp_fd);
  return thread.seccomp != nullptr;
}

void SyscallEmulator::add_fork_locks(ForkLocks& locks) {
  impl_->memory.add_fork_locks(locks);
  impl_->limits.add_fork_locks(locks);
  impl_->clone.add_fork_locks(locks);
  impl_->seccomp.add_fork_locks(locks);
}

int64_t SyscallEmulator::fork(ProgramThread& thread) { return impl_->clone.fork_here(thread); }

bool SyscallEmulator::announce_thread(ThreadStart& start, ProgramThread& thread) {
  return CloneCalls::announce(start, thread);
}

int SyscallEmulator::keep_descriptor(int fd) { return impl_->descriptors.keep(fd); }
void SyscallEmulator::release_descriptor(int fd) { impl_->descriptors.release(fd); }

}  // namespace weft::linux
