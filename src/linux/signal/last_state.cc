#include "linux/signal/last_state.h"

#include <asm/prctl.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "linux/kernel/raw_syscall.h"
#include "linux/signal/frame.h"

namespace weft::linux {

namespace {

bool leaves_core() {
  rlimit64 limit{};
  raw_syscall(__NR_prlimit64, 0, RLIMIT_CORE, 0, word(&limit));
  return limit.rlim_cur != 0;
}

}  // namespace

void end_as_program(const ProgramThread& thread, int signal, const XstateFormat& xstate,
                    SignalRuntime& runtime) {
  constexpr uint64_t kAlignment = 64;
  std::vector<uint8_t> memory(sizeof(SignalFrame) + xstate.frame_size() + 2 * kAlignment);
  const uint64_t area = (word(memory.data()) + kAlignment - 1) & -kAlignment;
  xstate.write(thread, reinterpret_cast<uint8_t*>(area));
  const uint64_t at = (area + xstate.frame_size() + kAlignment - 1) & -kAlignment;

  SignalFrame frame{};
  frame.context.flags = kFlagFpXstate | kFlagSigcontextSs | kFlagStrictRestoreSs;
  frame.context.stack = thread.alt_stack;
  copy_registers(*thread.context, frame.context.registers);
  frame.context.registers.cs = kUserCode;
  frame.context.registers.ss = kUserStack;
  frame.context.registers.fpstate = area;
  frame.context.mask = ~set_of(signal);
  std::memcpy(reinterpret_cast<void*>(at), &frame, sizeof frame);

  if (leaves_core()) runtime.park_others(thread);
  // A handler of ours would not find its thread any more.
  const SignalSet all = ~SignalSet{0};
  raw_syscall(__NR_rt_sigprocmask, SIG_SETMASK, word(&all), 0, sizeof all);
  raw_syscall(__NR_arch_prctl, ARCH_SET_FS, thread.context->fs_base);
  raw_syscall(__NR_arch_prctl, ARCH_SET_GS, thread.context->gs_base);
  asm volatile(
      "mov %0, %%rsp\n"
      "mov %1, %%eax\n"
      "syscall\n"
      "ud2\n" ::"r"(at + sizeof frame.return_address),
      "i"(__NR_rt_sigreturn)
      : "memory");
  __builtin_unreachable();
}

}  // namespace weft::linux
