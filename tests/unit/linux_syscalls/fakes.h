// A runtime and signal services that note what they are told, for tests of system call emulation
// without a code cache: program threads "run" a C++ function.
#pragma once

#include <sys/mman.h>
#include <ucontext.h>

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "linux/call/emulator.h"
#include "linux/call/runtime.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/signal_safe_copy.h"
#include "linux/memory/address_space.h"
#include "linux/signal/calls.h"

namespace weft::linux::testing {

class FakeSignals : public SignalCalls {
 public:
  bool handles(int64_t) const override { return false; }
  Outcome handle(ProgramThread&, x86::CpuContext&) override { return Outcome::kContinue; }
  void force(ProgramThread&, const siginfo_t& info) override { forced = info; }
  uint64_t program_mask(const ProgramThread&, uint64_t kernel_mask) const override {
    return kernel_mask;
  }
  void dispositions(const ProgramThread&, uint64_t* ignored, uint64_t* caught) override {
    *ignored = 0x1000;
    *caught = 0x4000;
  }
  void prepare_exec(ProgramThread&) override { ++prepared; }
  void undo_exec(ProgramThread&) override { ++undone; }
  void give_back(ProgramThread&) override {}
  void after_fork_child(ProgramThread&) override {}
  std::unique_ptr<Suspended> suspend(ProgramThread&, bool) override {
    return std::make_unique<Suspended>();
  }
  void resume(ProgramThread&, std::unique_ptr<Suspended>) override {}
  void begin_shared(ProgramThread&, const ProgramThread&) override {}
  void attach_kernel_thread(ProgramThread&) override {}
  void reset_actions(ProgramThread&) override {}

  siginfo_t forced{};
  int prepared = 0;
  int undone = 0;
};

/// Lets copies of the program's memory fail as they do under the runtime's signal handler.
inline void let_copies_fail() {
  struct sigaction action {};
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  action.sa_sigaction = [](int signal, siginfo_t*, void* frame) {
    greg_t& rip = static_cast<ucontext_t*>(frame)->uc_mcontext.gregs[REG_RIP];
    if (is_safe_copy(static_cast<uint64_t>(rip))) {
      rip = reinterpret_cast<greg_t>(weft_safe_copy_failed);
    } else {
      std::signal(signal, SIG_DFL);
    }
  };
  sigaction(SIGSEGV, &action, nullptr);
}

/// A program thread with its registers and vector state.
struct FakeThread {
  FakeThread() {
    let_copies_fail();
    thread.pid = static_cast<pid_t>(raw_syscall(__NR_getpid));
    thread.tid = static_cast<pid_t>(raw_syscall(__NR_gettid));
    thread.context = &context;
    thread.signal_pending = &pending;
    thread.xsave = xsave;
  }
  FakeThread(const FakeThread&) = delete;
  FakeThread& operator=(const FakeThread&) = delete;

  x86::CpuContext context;
  volatile uint64_t pending = 0;
  alignas(64) uint8_t xsave[16384] = {};
  ProgramThread thread;
};

class FakeRuntime : public SysRuntime {
 public:
  using Body = std::function<void(FakeThread&)>;

  void code_changed(AppRange range) override { changed.push_back(range); }
  void mapped_executable(AppRange range) override { executable.push_back(range); }
  int effective_protection(AppRange, int prot) override {
    if (before_protection) before_protection();
    return prot;
  }
  void run_thread(ThreadStart& start) override {
    FakeThread self;
    self.context = start.context;
    if (!SyscallEmulator::announce_thread(start, self.thread)) return;
    if (thread_body) thread_body(self);
  }
  void before_fork(ProgramThread&) override {}
  void after_fork(ProgramThread&, bool) override {}
  [[noreturn]] void run_borrowed(ProgramThread& thread) override {
    borrowed_body(thread);
    while (true) raw_syscall(__NR_exit_group, 99);
  }
  bool protects_pages() const override { return protects; }
  void thread_ending(ProgramThread&) override {}
  void process_ending(ProgramThread&, int) override {}
  void exec_starting(ProgramThread&) override { ++execs; }

  std::vector<AppRange> changed;
  std::vector<AppRange> executable;
  std::function<void()> before_protection;
  Body thread_body;
  std::function<void(ProgramThread&)> borrowed_body;
  int execs = 0;
  bool protects = false;
};

/// A whole emulator; call() makes a system call the way a program does.
class Program {
 public:
  explicit Program(ProgramImage image = {}, FollowOptions follow = {})
      : emulator(runtime, space, signals, std::move(image), std::move(follow)) {}

  template <typename... Args>
  int64_t call(int64_t number, Args... args) {
    return call_on(self, number, args...);
  }

  template <typename... Args>
  int64_t call_on(FakeThread& on, int64_t number, Args... args) {
    load(on.context, number, args...);
    last = emulator.handle(on.thread, on.context);
    return static_cast<int64_t>(on.context[x86::kRax]);
  }

  template <typename... Args>
  static void load(x86::CpuContext& context, int64_t number, Args... args) {
    const uint64_t values[6] = {as_word(args)...};
    context[x86::kRax] = static_cast<uint64_t>(number);
    context[x86::kRdi] = values[0];
    context[x86::kRsi] = values[1];
    context[x86::kRdx] = values[2];
    context[x86::kR10] = values[3];
    context[x86::kR8] = values[4];
    context[x86::kR9] = values[5];
  }

  FakeRuntime runtime;
  FakeSignals signals;
  AddressSpace space;
  SyscallEmulator emulator;
  FakeThread self;
  Outcome last = Outcome::kContinue;

 private:
  template <typename T>
  static uint64_t as_word(T* pointer) {
    return reinterpret_cast<uint64_t>(pointer);
  }
  static uint64_t as_word(std::nullptr_t) { return 0; }
  template <typename T>
  requires std::is_integral_v<T> || std::is_enum_v<T>
  static uint64_t as_word(T value) { return static_cast<uint64_t>(value); }
};

}  // namespace weft::linux::testing
