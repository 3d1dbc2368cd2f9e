// A program thread without a code cache: its "registers" are a context that the test fills.
#pragma once

#include <sys/mman.h>

#include <csignal>
#include <cstdint>
#include <vector>

#include "linux/kernel/raw_syscall.h"
#include "linux/signal/services.h"
#include "linux/signal/state.h"

namespace weft::linux::testing {

class FakeSignalRuntime : public SignalRuntime {
 public:
  ProgramThread* current() override { return thread; }
  Place place(const ProgramThread&, uint64_t) override { return Place::kRuntime; }
  bool is_inside(const ProgramThread&) override { return inside; }
  bool translate(ProgramThread&, x86::CpuContext&) override { return true; }
  FaultAnswer on_fault(ProgramThread&, siginfo_t&, x86::CpuContext&, const void*) override {
    return FaultAnswer::kBug;
  }
  uint64_t leave_cache_address() override { return 0; }
  uint64_t abort_enter_address() override { return 0; }
  uint64_t host_fs(const ProgramThread&) override { return fs_of_this_thread(); }
  uint64_t& fs_owner(const ProgramThread&) override { return owner; }
  LateFs late_fs(const ProgramThread&) override { return {}; }
  void dying(ProgramThread&, int signal) override { died_by = signal; }

  uint64_t owner = FsOwner::kRuntime;

  static uint64_t fs_of_this_thread() {
    uint64_t base = 0;
    asm volatile("mov %%fs:0, %0" : "=r"(base));  // libc's block starts with its own address
    return base;
  }

  ProgramThread* thread = nullptr;
  bool inside = false;
  int died_by = 0;
};

/// Services in use by the calling thread, which is put back as it was at the end.
class SignalProgram {
 public:
  static constexpr size_t kStackSize = 64u << 10;

  SignalProgram() : services(runtime), stack_(kStackSize), xsave_(kXsaveSize + 64) {
    for (int signal = 1; signal < 65; ++signal) {
      raw_syscall(__NR_rt_sigaction, static_cast<uint64_t>(signal), 0, word(&saved_[signal]), 8);
    }
    raw_syscall(__NR_rt_sigprocmask, SIG_BLOCK, 0, word(&saved_mask_), 8);
    sigaltstack(nullptr, &saved_stack_);
    thread.pid = static_cast<pid_t>(raw_syscall(__NR_getpid));
    thread.tid = static_cast<pid_t>(raw_syscall(__NR_gettid));
    thread.context = &context;
    thread.signal_pending = &pending;
    thread.xsave = reinterpret_cast<void*>((word(xsave_.data()) + 63) & ~uint64_t{63});
    thread.xsave_size = kXsaveSize;
    thread.x87_apart = &x87_apart_;
    thread.xsave_mask = 7;
    thread.signals_room = &signals_room_;
    save_vector_state();
    context[x86::kRsp] = word(stack_.data()) + kStackSize - 64;
    runtime.thread = &thread;
    services.start();
    services.attach_thread(thread, nullptr);
  }
  ~SignalProgram() {
    services.detach_thread(thread);
    for (int signal = 1; signal < 65; ++signal) {
      raw_syscall(__NR_rt_sigaction, static_cast<uint64_t>(signal), word(&saved_[signal]), 0, 8);
    }
    sigaltstack(&saved_stack_, nullptr);
    raw_syscall(__NR_rt_sigprocmask, SIG_SETMASK, word(&saved_mask_), 0, 8);
  }
  SignalProgram(const SignalProgram&) = delete;
  SignalProgram& operator=(const SignalProgram&) = delete;

  void save_vector_state() {
    asm volatile("xsave64 (%0)" ::"r"(thread.xsave), "a"(7), "d"(0) : "memory");
  }

  int64_t call(int64_t number, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0) {
    context[x86::kRax] = static_cast<uint64_t>(number);
    context[x86::kRdi] = a;
    context[x86::kRsi] = b;
    context[x86::kRdx] = c;
    context[x86::kR10] = d;
    services.handle(thread, context);
    return static_cast<int64_t>(context[x86::kRax]);
  }

  int64_t set_handler(int signal, uint64_t handler, uint64_t flags, SignalSet mask = 0) {
    constexpr uint64_t kRestorerFlag = 0x04000000;
    const KernelAction action{handler, flags | kRestorerFlag, kRestorer, mask};
    return call(__NR_rt_sigaction, static_cast<uint64_t>(signal), word(&action), 0, 8);
  }

  SignalSet mask() {
    SignalSet set = 0;
    call(__NR_rt_sigprocmask, SIG_BLOCK, 0, word(&set), 8);
    return set;
  }

  void deliver() { services.deliver_pending(thread, context); }
  SignalFrame* frame() const { return reinterpret_cast<SignalFrame*>(context[x86::kRsp]); }
  uint64_t stack_top() const { return word(stack_.data()) + kStackSize - 64; }

  static constexpr uint64_t kRestorer = 0x1234000;
  static constexpr uint64_t kHandler = 0x5678000;

  FakeSignalRuntime runtime;
  SignalServices services;
  x86::CpuContext context;
  volatile uint64_t pending = 0;
  ProgramThread thread;

 private:
  static constexpr size_t kXsaveSize = 16384;
  std::vector<uint8_t> stack_;
  std::vector<uint8_t> xsave_;
  uint64_t x87_apart_ = 0;
  SignalState signals_room_;
  KernelAction saved_[65];
  SignalSet saved_mask_ = 0;
  stack_t saved_stack_{};
};

}  // namespace weft::linux::testing
