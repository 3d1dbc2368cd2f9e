#include "linux/signal/nudge.h"

#include "linux/kernel/raw_syscall.h"
#include "linux/signal/queue.h"

namespace weft::linux {
namespace {

/// A nudge is one of the signals that the kernel never blocks, so that it comes whatever the
/// program does with its mask. SIGFPE: a real one that is lost beside it in the queue comes again.
constexpr int kNudgeSignal = SIGFPE;
constexpr int kNudgeCode = -0x77;
/// Of one that comes from another process.
constexpr int kForeignNudgeCode = -0x78;

/// So that no signal of the program's is taken for one: its address within the process, a value
/// from another one.
const char mark = 0;
constexpr uint64_t kForeignMark = 0x6567'6475'6e20'7477;

siginfo_t made(int signal, int code, uint64_t value) {
  siginfo_t info{};
  info.si_signo = signal;
  info.si_code = code;
  info.si_value.sival_ptr = reinterpret_cast<void*>(value);
  return info;
}

bool is(const siginfo_t& info, int code, uint64_t value) {
  return info.si_code == code && reinterpret_cast<uint64_t>(info.si_value.sival_ptr) == value;
}

}  // namespace

void nudge(const ProgramThread& thread) { nudge_to_take_held(thread.tid, kNudgeSignal); }

void nudge_other(pid_t process, pid_t thread) {
  const siginfo_t info = made(kNudgeSignal, kForeignNudgeCode, kForeignMark);
  raw_syscall(__NR_rt_tgsigqueueinfo, static_cast<uint64_t>(process), static_cast<uint64_t>(thread),
              static_cast<uint64_t>(kNudgeSignal), word(&info));
}

void nudge_to_take_held(pid_t tid, int signal) {
  send_to_thread(tid, made(signal, kNudgeCode, word(&mark)));
}

bool is_nudge(const siginfo_t& info) {
  return is(info, kNudgeCode, word(&mark)) || is(info, kForeignNudgeCode, kForeignMark);
}

}  // namespace weft::linux
