#include "linux/signal/parked_threads.h"

#include <elf.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "linux/kernel/raw_syscall.h"
#include "linux/signal/general_registers.h"

namespace weft::linux {
namespace {

constexpr size_t kStackSize = 64u << 10;

struct Work {
  const ProgramThread& dying;
  SignalRuntime& runtime;
  VisitThreads visit_threads;
  void* list;
  std::atomic<uint32_t> begun{0};  ///< the tracer may trace
  std::atomic<uint32_t> done{0};
};

int64_t trace(uint64_t request, pid_t thread, uint64_t address, const volatile void* data) {
  return raw_syscall(__NR_ptrace, request, static_cast<uint64_t>(thread), address, word(data));
}

void wait_for(std::atomic<uint32_t>& flag) {
  while (flag.load(std::memory_order_acquire) == 0) {
    // Not for ever: the other side may be unable to say that it failed.
    const timespec pause{1, 0};
    const int64_t result =
        raw_syscall(__NR_futex, word(&flag), FUTEX_WAIT_PRIVATE, 0, word(&pause));
    if (result == -ETIMEDOUT) return;
  }
}

void set(std::atomic<uint32_t>& flag) {
  flag.store(1, std::memory_order_release);
  raw_syscall(__NR_futex, word(&flag), FUTEX_WAKE_PRIVATE, 1);
}

/// False if the thread is gone, or cannot be traced.
bool stop(pid_t thread) {
  if (failed(trace(PTRACE_SEIZE, thread, 0, nullptr)) ||
      failed(trace(PTRACE_INTERRUPT, thread, 0, nullptr))) {
    return false;
  }
  int status = 0;
  return !failed(raw_syscall(__NR_wait4, static_cast<uint64_t>(thread), word(&status), __WALL)) &&
         WIFSTOPPED(status);
}

bool step(pid_t thread) {
  int status = 0;
  return !failed(trace(PTRACE_SINGLESTEP, thread, 0, nullptr)) &&
         !failed(raw_syscall(__NR_wait4, static_cast<uint64_t>(thread), word(&status), __WALL)) &&
         WIFSTOPPED(status);
}

x86::CpuContext context_of(const user_regs_struct& from) {
  x86::CpuContext to;
  copy_general_registers(from, to);
  to.fs_base = from.fs_base;
  return to;
}

void put(const x86::CpuContext& from, user_regs_struct& to) {
  copy_general_registers(from, to);
  to.fs_base = from.fs_base;
  to.gs_base = from.gs_base;
  // No system call of ours is to be made again.
  to.orig_rax = ~uint64_t{0};
}

/// The program's state of a stopped thread, which may have to go on a little for that.
bool program_state(Work& work, ProgramThread& thread, user_regs_struct& registers,
                   x86::CpuContext& state) {
  constexpr int kSteps = 64;
  for (int i = 0; i < kSteps; ++i) {
    if (work.runtime.place(thread, registers.rip) != Place::kCache) {
      state = *thread.context;
      return true;
    }
    state = context_of(registers);
    const uint64_t fs = state.fs_base;
    if (work.runtime.translate(thread, state)) {
      state.fs_base = fs;
      state.gs_base = thread.context->gs_base;
      return true;
    }
    if (!step(thread.tid) || failed(trace(PTRACE_GETREGS, thread.tid, 0, &registers))) return false;
  }
  return false;
}

void park(void* argument, ProgramThread& thread) {
  auto& work = *static_cast<Work*>(argument);
  if (&thread == &work.dying || thread.tid == 0 || !stop(thread.tid)) return;
  user_regs_struct registers{};
  x86::CpuContext state;
  if (failed(trace(PTRACE_GETREGS, thread.tid, 0, &registers))) return;
  if (!program_state(work, thread, registers, state)) return;
  put(state, registers);
  trace(PTRACE_SETREGS, thread.tid, 0, &registers);
}

int tracer(void* argument) {
  auto& work = *static_cast<Work*>(argument);
  const uint64_t all = ~uint64_t{0};
  raw_syscall(__NR_rt_sigprocmask, 0 /* SIG_BLOCK */, word(&all), 0, sizeof all);
  raw_syscall(__NR_prctl, PR_SET_DUMPABLE, 1);
  wait_for(work.begun);
  work.visit_threads(work.list, park, &work);
  set(work.done);
  // They die with their process; until then they have a tracer.
  while (!failed(raw_syscall(__NR_wait4, ~uint64_t{0}, 0, __WALL))) {
  }
  raw_syscall(__NR_exit_group, 0);
  return 0;
}

}  // namespace

void park_threads(const ProgramThread& dying, SignalRuntime& runtime, VisitThreads visit_threads,
                  void* list) {
  const int64_t stack = raw_syscall(__NR_mmap, 0, kStackSize, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, static_cast<uint64_t>(-1), 0);
  if (failed(stack)) return;
  Work work{dying, runtime, visit_threads, list};
  const int child = clone(
      tracer, reinterpret_cast<void*>(static_cast<uint64_t>(stack) + kStackSize), CLONE_VM, &work);
  if (child < 0) return;
  raw_syscall(__NR_prctl, PR_SET_PTRACER, static_cast<uint64_t>(child));
  set(work.begun);
  wait_for(work.done);
}

}  // namespace weft::linux
