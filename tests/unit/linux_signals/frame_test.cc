#include "linux/signal/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "fakes.h"

namespace weft::linux {
namespace {

using testing::SignalProgram;

/// What the kernel pushed for a handler, copied by that handler.
struct NativeFrame {
  SignalFrame frame;
  uint64_t address = 0;
  std::vector<uint8_t> xstate;
};

NativeFrame* g_native = nullptr;

void copy_frame(int, siginfo_t*, void* context) {
  const uint64_t at = word(context) - offsetof(SignalFrame, context);
  std::memcpy(&g_native->frame, reinterpret_cast<const void*>(at), sizeof(SignalFrame));
  g_native->address = at;
  const auto* area = reinterpret_cast<const uint8_t*>(g_native->frame.context.registers.fpstate);
  FrameXstate extended;
  std::memcpy(&extended, area + kFrameXstateOffset, sizeof extended);
  g_native->xstate.assign(area, area + extended.extended_size);
}

/// A signal sent to this thread natively, with value 7.
NativeFrame native_frame(int signal) {
  NativeFrame native;
  native.xstate.reserve(64u << 10);
  g_native = &native;
  struct sigaction action {};
  struct sigaction before {};
  action.sa_sigaction = copy_frame;
  action.sa_flags = SA_SIGINFO;
  sigaction(signal, &action, &before);
  const sigval value{7};
  sigqueue(getpid(), signal, value);
  sigaction(signal, &before, nullptr);
  return native;
}

void send(int signal) {
  const sigval value{7};
  ASSERT_EQ(sigqueue(getpid(), signal, value), 0);
}

x86::CpuContext context_of(const FrameRegisters& r, uint64_t rsp) {
  x86::CpuContext context;
  std::copy_n(&r.r8, 8, &context.gpr[x86::kR8]);
  context[x86::kRdi] = r.rdi;
  context[x86::kRsi] = r.rsi;
  context[x86::kRbp] = r.rbp;
  context[x86::kRbx] = r.rbx;
  context[x86::kRdx] = r.rdx;
  context[x86::kRax] = r.rax;
  context[x86::kRcx] = r.rcx;
  context[x86::kRsp] = rsp;
  context.rip = r.rip;
  context.rflags = r.eflags;
  return context;
}

TEST(Frame, IsTheKernelsFieldByField) {
  const stack_t none{nullptr, SS_DISABLE, 0};
  sigaltstack(&none, nullptr);
  const NativeFrame native = native_frame(SIGUSR1);
  SignalProgram program;
  ASSERT_EQ(program.set_handler(SIGUSR1, SignalProgram::kHandler, SA_SIGINFO), 0);
  send(SIGUSR1);
  ASSERT_NE(program.pending, 0u);
  const FrameRegisters& theirs = native.frame.context.registers;
  ASSERT_EQ(program.call(__NR_sigaltstack, word(&none)), 0);
  program.context = context_of(theirs, program.stack_top());
  program.deliver();

  const SignalFrame& ours = *program.frame();
  EXPECT_EQ(ours.return_address, SignalProgram::kRestorer);
  EXPECT_EQ(ours.context.flags, native.frame.context.flags);
  EXPECT_EQ(ours.context.link, native.frame.context.link);
  EXPECT_EQ(ours.context.stack.ss_sp, native.frame.context.stack.ss_sp);
  EXPECT_EQ(ours.context.stack.ss_flags, native.frame.context.stack.ss_flags);
  EXPECT_EQ(ours.context.stack.ss_size, native.frame.context.stack.ss_size);
  EXPECT_EQ(ours.context.mask, native.frame.context.mask);
  FrameRegisters expected = theirs;
  expected.rsp = program.stack_top();
  expected.fpstate = ours.context.registers.fpstate;
  // Left from the thread's last fault, whatever that was.
  expected.error_code = expected.trap_number = expected.cr2 = 0;
  // The kernel leaves the reserved words as they were.
  constexpr size_t kWords = offsetof(FrameRegisters, reserved) / sizeof(uint64_t);
  using Words = std::array<uint64_t, kWords>;
  Words our_words;
  Words expected_words;
  std::memcpy(&our_words, &ours.context.registers, sizeof our_words);
  std::memcpy(&expected_words, &expected, sizeof expected_words);
  EXPECT_EQ(our_words, expected_words);
  EXPECT_EQ(std::memcmp(&ours.info, &native.frame.info, sizeof ours.info), 0);
}

TEST(Frame, LiesAsFarBelowTheStackPointerAsTheKernels) {
  const NativeFrame native = native_frame(SIGUSR1);
  SignalProgram program;
  program.set_handler(SIGUSR1, SignalProgram::kHandler, SA_SIGINFO);
  send(SIGUSR1);
  // The same place within 64 bytes, on which the alignments depend.
  const uint64_t rsp =
      (program.stack_top() & ~uint64_t{63}) + (native.frame.context.registers.rsp & 63) - 64;
  program.context[x86::kRsp] = rsp;
  program.deliver();
  EXPECT_EQ(rsp - program.context[x86::kRsp], native.frame.context.registers.rsp - native.address);
  EXPECT_EQ(rsp - program.frame()->context.registers.fpstate,
            native.frame.context.registers.rsp - native.frame.context.registers.fpstate);
}

TEST(Frame, HasTheKernelsDescriptionOfTheVectorState) {
  const NativeFrame native = native_frame(SIGUSR1);
  SignalProgram program;
  program.set_handler(SIGUSR1, SignalProgram::kHandler, SA_SIGINFO);
  send(SIGUSR1);
  program.deliver();
  const auto* ours = reinterpret_cast<const uint8_t*>(program.frame()->context.registers.fpstate);
  EXPECT_EQ(word(ours) & 63, 0u);
  EXPECT_EQ(std::memcmp(ours + kFrameXstateOffset, native.xstate.data() + kFrameXstateOffset,
                        sizeof(FrameXstate)),
            0);
  uint32_t magic = 0;
  std::memcpy(&magic, ours + native.xstate.size() - sizeof magic, sizeof magic);
  EXPECT_EQ(magic, kMagic2);
  uint64_t components = 0;
  std::memcpy(&components, ours + 512, sizeof components);
  EXPECT_EQ(components & 3, 3u);
}

TEST(Frame, SpellsOutVectorStateThatXsaveLeftOut) {
  SignalProgram program;
  program.set_handler(SIGUSR1, SignalProgram::kHandler, SA_SIGINFO);
  auto* state = static_cast<uint8_t*>(program.thread.xsave);
  std::memset(state + 160, 0xAA, 256);  // stale xmm registers
  const uint64_t none = 0;
  std::memcpy(state + 512, &none, sizeof none);
  send(SIGUSR1);
  program.deliver();
  const auto* area = reinterpret_cast<const uint8_t*>(program.frame()->context.registers.fpstate);
  EXPECT_EQ(area[160], 0);
  EXPECT_EQ(area[0], 0x7F);
  EXPECT_EQ(area[1], 0x03);
}

TEST(Frame, HandlerGetsItsArgumentsAndCleanFlags) {
  SignalProgram program;
  program.set_handler(SIGUSR1, SignalProgram::kHandler, SA_SIGINFO);
  send(SIGUSR1);
  program.context.rflags = 0x202 | 0x400;  // direction flag
  program.deliver();
  const x86::CpuContext& context = program.context;
  EXPECT_EQ(context.rip, SignalProgram::kHandler);
  EXPECT_EQ(context[x86::kRdi], static_cast<uint64_t>(SIGUSR1));
  EXPECT_EQ(context[x86::kRsi], word(&program.frame()->info));
  EXPECT_EQ(context[x86::kRdx], word(&program.frame()->context));
  EXPECT_EQ(context[x86::kRax], 0u);
  EXPECT_EQ(context.rflags, 0x202u);
  EXPECT_EQ(program.frame()->context.registers.eflags, 0x602u);
  EXPECT_EQ(context[x86::kRsp] % 16, 8u);
}

TEST(Frame, ReturnRestoresWhatTheHandlerLeftInIt) {
  SignalProgram program;
  program.set_handler(SIGUSR1, SignalProgram::kHandler, SA_SIGINFO, set_of(SIGUSR2));
  for (int reg = 0; reg < x86::kGprCount; ++reg) {
    if (reg != x86::kRsp) program.context.gpr[reg] = 0x1000u + static_cast<uint64_t>(reg);
  }
  program.context.rip = 0x4000;
  program.context.rflags = 0x246;
  const x86::CpuContext before = program.context;
  send(SIGUSR1);
  program.deliver();
  EXPECT_EQ(program.mask(), set_of(SIGUSR1) | set_of(SIGUSR2));

  program.context[x86::kRsp] = word(program.frame());
  SignalFrame& frame = *program.frame();
  frame.context.registers.rip = 0x4444;
  frame.context.registers.rbx = 99;
  frame.context.mask = set_of(SIGHUP) | set_of(SIGKILL) | set_of(SIGSEGV);
  const uint32_t mxcsr = 0x1FA0;
  std::memcpy(reinterpret_cast<uint8_t*>(frame.context.registers.fpstate) + 24, &mxcsr, 4);
  program.context[x86::kRsp] += 8;  // the handler's ret
  program.call(__NR_rt_sigreturn);

  x86::CpuContext expected = before;
  expected.rip = 0x4444;
  expected[x86::kRbx] = 99;
  EXPECT_EQ(std::memcmp(&program.context, &expected, sizeof expected), 0);
  uint32_t restored = 0;
  std::memcpy(&restored, static_cast<uint8_t*>(program.thread.xsave) + 24, 4);
  EXPECT_EQ(restored, mxcsr);
  EXPECT_EQ(program.mask(), set_of(SIGHUP) | set_of(SIGSEGV));
}

TEST(Frame, ReturnFromABadFrameRaisesSigsegv) {
  SignalProgram program;
  program.set_handler(SIGSEGV, SignalProgram::kHandler, SA_SIGINFO);
  const uint64_t stack = program.stack_top();
  program.context[x86::kRsp] = 16;
  program.context[x86::kRax] = __NR_rt_sigreturn;
  program.services.handle(program.thread, program.context);
  ASSERT_NE(program.pending, 0u);
  program.context[x86::kRsp] = stack;
  program.deliver();
  EXPECT_EQ(program.context[x86::kRdi], static_cast<uint64_t>(SIGSEGV));
  EXPECT_EQ(program.frame()->info.si_code, SI_KERNEL);
}

}  // namespace
}  // namespace weft::linux
