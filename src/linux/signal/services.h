// The program's signals: its table of actions, delivery with the kernel's frames, and its system
// calls about them. One object a process. Any program thread for itself; the table has its own
// lock.
#pragma once

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/fork_locks.h"
#include "base/spin_lock.h"
#include "linux/kernel/program_thread.h"
#include "linux/signal/calls.h"
#include "linux/signal/frame.h"
#include "linux/signal/handler.h"
#include "linux/signal/held.h"
#include "linux/signal/libc_signals.h"
#include "linux/signal/runtime.h"
#include "linux/signal/state.h"
#include "linux/signal/xstate.h"

namespace weft::linux {

class SignalServices final : public SignalCalls {
 public:
  explicit SignalServices(SignalRuntime& runtime);
  ~SignalServices() override;

  /// Installs our handler for synchronous signals and reads what dispositions the process
  /// inherited. Once, before the program runs. `last_words`: signals that end the process by
  /// default come to the runtime first, so that SignalRuntime::dying() is called.
  void start(bool last_words = false);
  /// Gives the calling kernel thread its runtime signal stack and the program thread its state.
  /// `parent`: whose virtual mask it inherits, or null.
  void attach_thread(ProgramThread& thread, const ProgramThread* parent);
  void detach_thread(ProgramThread& thread);
  /// The program's mask for the calling thread.
  void set_mask(ProgramThread& thread, SignalSet mask);

  /// Gives the program its pending signal: context becomes that of its handler. Or ends the
  /// process. False if no handler is run after all.
  bool deliver_pending(ProgramThread& thread, x86::CpuContext& context);
  /// The program does not get its pending signal.
  void drop_pending(ProgramThread& thread);
  /// Queues a fault of the program at its current context, as an instruction raises it. A SIGSEGV
  /// at context.rip itself is one of fetching the instruction.
  void raise_fault(ProgramThread& thread, int signal, int code, uint64_t address);

  /// Around a fork: no other thread is half-way through a change of the table.
  void add_fork_locks(ForkLocks& locks) { locks.add(lock_); }

  // SignalCalls
  bool handles(int64_t number) const override;
  Outcome handle(ProgramThread& thread, x86::CpuContext& context) override;
  int64_t make_call(ProgramThread& thread, const SyscallArguments& call) override;
  void force(ProgramThread& thread, const siginfo_t& info) override;
  uint64_t program_mask(const ProgramThread& thread, uint64_t kernel_mask) const override;
  void dispositions(const ProgramThread& thread, uint64_t* ignored, uint64_t* caught) override;
  void prepare_exec(ProgramThread& thread) override;
  void undo_exec(ProgramThread& thread) override;
  void give_back(ProgramThread& thread) override;
  // The fork has all locks, or the thread a table of its own.
  void after_fork_child(ProgramThread& thread) NO_THREAD_SAFETY_ANALYSIS override;
  std::unique_ptr<Suspended> suspend(ProgramThread& thread, bool own_actions) override;
  void resume(ProgramThread& thread, std::unique_ptr<Suspended> suspended) override;
  void begin_shared(ProgramThread& child, const ProgramThread& parent) override;
  void attach_kernel_thread(ProgramThread& thread) override;
  void reset_actions(ProgramThread& thread) NO_THREAD_SAFETY_ANALYSIS override;
  void thread_made() override;

 private:
  static constexpr int kSignals = 65;
  using Actions = std::array<KernelAction, kSignals>;
  struct Saved;
  struct Delivery;

  int64_t sigaction(ProgramThread& thread, const x86::CpuContext& call);
  int64_t sigprocmask(ProgramThread& thread, const x86::CpuContext& call);
  /// rt_sigprocmask as the kernel carries it out at once. Nothing if a signal waits for the
  /// program.
  std::optional<int64_t> change_mask_by_kernel(ProgramThread& thread, int how, SignalSet set,
                                               SignalSet* before);
  int64_t sigaltstack(ProgramThread& thread, const x86::CpuContext& call);
  int64_t sigpending(ProgramThread& thread, const x86::CpuContext& call) const;
  int64_t sigtimedwait(ProgramThread& thread, const x86::CpuContext& call);
  /// Makes a call while the kernel has what is held for the thread, and blocks it.
  int64_t make_with_held(ProgramThread& thread, const SyscallArguments& call);
  void sigreturn(ProgramThread& thread, x86::CpuContext& context);

  /// With all signals blocked: the program's mask becomes `mask`, and the kernel's accordingly.
  void change_mask(ProgramThread& thread, SignalSet mask);
  void* take_host_stack();
  void leave_host_stack(void* stack);
  bool has_handler(const KernelAction& action) const;
  bool take_action(const ProgramThread& thread, int signal, KernelAction* action);
  void take_default_action(ProgramThread& thread, const Delivery& delivery);
  void fail_delivery(ProgramThread& thread, const Delivery& delivery);
  static void end_pending(ProgramThread& thread);
  uint64_t frame_top(const ProgramThread& thread, const KernelAction& action, uint64_t rsp) const;
  /// The frame's address, or 0 if there is no room for it.
  uint64_t push_frame(ProgramThread& thread, const x86::CpuContext& context,
                      const KernelAction& action, const Delivery& delivery);
  void install(int signal, const KernelAction& action);
  /// Without a handler of the program, the kernel still calls ours.
  bool is_ours_by_default(int signal, const KernelAction& action) const;
  /// Holds lock_ unless the thread's table is its own: a child of vfork may be killed at any time.
  class ActionsLock;
  /// The action of `signal` as `thread` has it.
  KernelAction& entry_of(const ProgramThread& thread, int signal) REQUIRES(lock_);
  KernelAction action_of(const ProgramThread& thread, int signal);
  [[noreturn]] void die(ProgramThread& thread, siginfo_t info);

  SignalRuntime& runtime_;
  XstateFormat xstate_;
  LibcSignals libc_;
  SpinLock<LockRank::kSignals> lock_;
  Actions actions_ GUARDED_BY(lock_){};
  /// Of threads that have ended, for the next ones.
  std::array<void*, 16> kept_stacks_ GUARDED_BY(lock_){};
  size_t free_stacks_ GUARDED_BY(lock_) = 0;
  HeldSignals held_;
  /// The program has made a signalfd for signals that are held.
  std::atomic<bool> has_signalfd_{false};
  bool last_words_ = false;
};

}  // namespace weft::linux
