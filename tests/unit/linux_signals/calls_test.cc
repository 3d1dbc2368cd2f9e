#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "fakes.h"
#include "linux/kernel/gate.h"
#include "linux/kernel/signal_safe_copy.h"
#include "linux/signal/altstack.h"
#include "linux/signal/handler.h"
#include "linux/signal/nudge.h"

namespace weft::linux {
namespace {

using testing::SignalProgram;

/// The kernel's own answers to the same call; `native` undoes nothing, so it uses a signal of its
/// own.
KernelAction native_read_back(KernelAction action) {
  const auto signal = static_cast<uint64_t>(SIGRTMAX);
  KernelAction before;
  KernelAction result;
  raw_syscall(__NR_rt_sigaction, signal, word(&action), word(&before), 8);
  raw_syscall(__NR_rt_sigaction, signal, word(&before), word(&result), 8);
  return result;
}

TEST(Sigaction, ReadsBackAsTheKernelDoes) {
  const KernelAction action{0x1000, ~uint64_t{0}, 0x2000, kAllSignals};
  const KernelAction native = native_read_back(action);
  SignalProgram program;
  const auto signal = static_cast<uint64_t>(SIGRTMAX);
  ASSERT_EQ(program.call(__NR_rt_sigaction, signal, word(&action), 0, 8), 0);
  KernelAction ours;
  ASSERT_EQ(program.call(__NR_rt_sigaction, signal, 0, word(&ours), 8), 0);
  EXPECT_EQ(ours.handler, native.handler);
  EXPECT_EQ(ours.flags, native.flags);
  EXPECT_EQ(ours.restorer, native.restorer);
  EXPECT_EQ(ours.mask, native.mask);
}

/// A poll of 50 ms in the gate, with one nudge to this thread on its way.
int64_t nudged_poll(const SignalProgram& program, volatile uint64_t* pending) {
  const SyscallArguments poll{__NR_poll, {0, 0, 50, 0, 0, 0}};
  std::thread nudger([&program] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    nudge(program.thread);
  });
  const int64_t result = weft_syscall_gate(&poll, pending);
  nudger.join();
  return result;
}

TEST(Nudge, HasACallThatItEndedMadeAgain) {
  SignalProgram program;
  EXPECT_EQ(nudged_poll(program, program.thread.signal_pending), kInterruptedBeforeCall);
  EXPECT_EQ(*program.thread.signal_pending, 0u);
  EXPECT_FALSE(program.thread.signals->has_pending) << "the program hears nothing of it";
}

TEST(Nudge, LeavesWordForAThreadThatIsOnItsWayIntoTheCache) {
  SignalProgram program;
  program.runtime.inside = true;
  nudge(program.thread);
  EXPECT_EQ(*program.thread.signal_pending, 1u);
  EXPECT_FALSE(program.thread.signals->has_pending);
}

TEST(Sigaction, RefusesWhatTheKernelRefuses) {
  SignalProgram program;
  const KernelAction action;
  EXPECT_EQ(program.call(__NR_rt_sigaction, SIGKILL, word(&action), 0, 8), -EINVAL);
  EXPECT_EQ(program.call(__NR_rt_sigaction, SIGKILL, 0, word(&action), 8), 0);
  EXPECT_EQ(program.call(__NR_rt_sigaction, SIGUSR1, word(&action), 0, 4), -EINVAL);
  EXPECT_EQ(program.call(__NR_rt_sigaction, 0, word(&action), 0, 8), -EINVAL);
  EXPECT_EQ(program.call(__NR_rt_sigaction, 65, word(&action), 0, 8), -EINVAL);
  EXPECT_EQ(program.call(__NR_rt_sigaction, 65, 8, 0, 8), -EFAULT);
}

TEST(Sigaction, ResethandTakesTheHandlerAwayWithTheFirstSignal) {
  SignalProgram program;
  program.set_handler(SIGCHLD, SignalProgram::kHandler, uint64_t{SA_RESETHAND});
  raise(SIGCHLD);
  program.deliver();
  KernelAction now;
  program.call(__NR_rt_sigaction, SIGCHLD, 0, word(&now), 8);
  EXPECT_EQ(now.handler, 0u);
  EXPECT_NE(now.flags & uint64_t{SA_RESETHAND}, 0u);
}

TEST(Sigprocmask, BlockedFaultsAreNotBlockedInTheKernel) {
  SignalProgram program;
  const SignalSet all = kAllSignals;
  program.call(__NR_rt_sigprocmask, SIG_SETMASK, word(&all), 0, 8);
  SignalSet kernel = 0;
  raw_syscall(__NR_rt_sigprocmask, SIG_BLOCK, 0, word(&kernel), 8);
  EXPECT_EQ(kernel & kSynchronous, 0u);
  EXPECT_EQ(program.mask(), all & ~kUnblockable);
}

TEST(Sigprocmask, ABlockedFaultThatWasSentStaysPendingUntilUnblocked) {
  SignalProgram program;
  program.set_handler(SIGSEGV, SignalProgram::kHandler, SA_SIGINFO);
  const SignalSet segv = set_of(SIGSEGV);
  program.call(__NR_rt_sigprocmask, SIG_BLOCK, word(&segv), 0, 8);
  kill(getpid(), SIGSEGV);
  EXPECT_EQ(program.pending, 0u);
  SignalSet set = 0;
  program.call(__NR_rt_sigpending, word(&set), 8);
  EXPECT_EQ(set, segv);
  program.call(__NR_rt_sigprocmask, SIG_UNBLOCK, word(&segv), 0, 8);
  EXPECT_NE(program.pending, 0u);
  program.deliver();
  EXPECT_EQ(program.context[x86::kRdi], static_cast<uint64_t>(SIGSEGV));
  EXPECT_EQ(program.frame()->info.si_code, SI_USER);
}

TEST(Sigprocmask, ASignalTakenBeforeItWasBlockedGoesBackToTheKernel) {
  SignalProgram program;
  program.set_handler(SIGUSR1, SignalProgram::kHandler, SA_SIGINFO);
  raise(SIGUSR1);
  ASSERT_NE(program.pending, 0u);
  const SignalSet usr1 = set_of(SIGUSR1);
  program.call(__NR_rt_sigprocmask, SIG_BLOCK, word(&usr1), 0, 8);
  EXPECT_EQ(program.pending, 0u);
  SignalSet set = 0;
  program.call(__NR_rt_sigpending, word(&set), 8);
  EXPECT_EQ(set, usr1);
  program.call(__NR_rt_sigprocmask, SIG_UNBLOCK, word(&usr1), 0, 8);
  EXPECT_NE(program.pending, 0u);
}

TEST(Sigtimedwait, TakesABlockedFaultThatWasSent) {
  SignalProgram program;
  const SignalSet segv = set_of(SIGSEGV);
  program.call(__NR_rt_sigprocmask, SIG_BLOCK, word(&segv), 0, 8);
  kill(getpid(), SIGSEGV);
  siginfo_t info{};
  const timespec none{};
  EXPECT_EQ(program.call(__NR_rt_sigtimedwait, word(&segv), word(&info), word(&none), 8), SIGSEGV);
  EXPECT_EQ(info.si_pid, getpid());
  EXPECT_EQ(program.call(__NR_rt_sigtimedwait, word(&segv), 0, word(&none), 8), -EAGAIN);
}

TEST(Queue, SignalsWaitInTheKernelAndNestWhenDelivered) {
  SignalProgram program;
  program.set_handler(SIGUSR1, SignalProgram::kHandler, SA_SIGINFO);
  program.set_handler(SIGUSR2, SignalProgram::kHandler + 16, SA_SIGINFO);
  raise(SIGUSR1);
  raise(SIGUSR2);
  program.deliver();
  EXPECT_EQ(program.context.rip, SignalProgram::kHandler);
  ASSERT_NE(program.pending, 0u);
  program.deliver();
  EXPECT_EQ(program.context.rip, SignalProgram::kHandler + 16);
  EXPECT_EQ(program.frame()->context.registers.rip, SignalProgram::kHandler);
  EXPECT_EQ(program.frame()->context.mask, set_of(SIGUSR1));
}

TEST(Altstack, HasTheKernelsRulesAndFlags) {
  stack_t stack = kNoAltStack;
  const uint64_t base = 0x100000;
  stack_t wanted{reinterpret_cast<void*>(base), 0, 8192};
  EXPECT_EQ(shown_alt_stack(stack, 0).ss_flags, SS_DISABLE);
  EXPECT_EQ(change_alt_stack(stack, wanted, 0), 0);
  EXPECT_EQ(shown_alt_stack(stack, base + 8192).ss_flags, SS_ONSTACK);
  EXPECT_EQ(shown_alt_stack(stack, base).ss_flags, 0);
  EXPECT_EQ(change_alt_stack(stack, wanted, base + 100), -EPERM);
  wanted.ss_size = 2047;
  EXPECT_EQ(change_alt_stack(stack, wanted, 0), -ENOMEM);
  wanted.ss_flags = 4;
  EXPECT_EQ(change_alt_stack(stack, wanted, 0), -EINVAL);
}

TEST(Altstack, FramesGoToItAndOverflowRaisesSigsegv) {
  SignalProgram program;
  std::vector<uint8_t> memory(16384);
  stack_t stack{memory.data(), 0, memory.size()};
  ASSERT_EQ(program.call(__NR_sigaltstack, word(&stack)), 0);
  program.set_handler(SIGUSR1, SignalProgram::kHandler, SA_ONSTACK | SA_NODEFER);
  raise(SIGUSR1);
  program.deliver();
  EXPECT_TRUE(lies_on(stack, program.context[x86::kRsp]));
  // Near its lower end there is no room for a second frame.
  program.set_handler(SIGSEGV, SignalProgram::kHandler + 32, 0);
  program.context[x86::kRsp] = word(memory.data()) + 400;
  raise(SIGUSR1);
  program.deliver();
  ASSERT_NE(program.pending, 0u);
  EXPECT_EQ(program.thread.signals->pending.si_signo, SIGSEGV);
}

TEST(SafeCopy, StopsAtMemoryThatIsNotThere) {
  SignalProgram program;
  auto* pages = static_cast<uint8_t*>(
      mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  munmap(pages + 4096, 4096);
  pages[4095] = 9;
  uint8_t to[2] = {};
  EXPECT_TRUE(safe_copy(to, pages + 4095, 1));
  EXPECT_EQ(to[0], 9);
  EXPECT_FALSE(safe_copy(to, pages + 4095, 2));
  munmap(pages, 4096);
}

}  // namespace
}  // namespace weft::linux
