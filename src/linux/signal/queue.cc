#include "linux/signal/queue.h"

#include <cerrno>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/held.h"

namespace weft::linux {
namespace {

/// What siginfo tells of whom a signal was meant for. In doubt (timers, queued values) the thread:
/// as it had not blocked the signal, the kernel might have chosen it anyway.
bool is_for_process(const siginfo_t& info) {
  switch (info.si_signo) {
    case SIGPIPE:
      return false;  // raised by write(2), with the code of kill(2)
    case SIGCHLD:
    case SIGALRM:
    case SIGVTALRM:
    case SIGPROF:
    case SIGINT:
    case SIGQUIT:
    case SIGTSTP:
    case SIGHUP:
    case SIGWINCH:
      return info.si_code != SI_TKILL && info.si_code != SI_QUEUE && info.si_code != SI_TIMER;
    default:
      return info.si_code == SI_USER;
  }
}

uint64_t as_word(int value) { return static_cast<uint64_t>(value); }

}  // namespace

void send_again(const siginfo_t& info) {
  const auto pid = static_cast<uint64_t>(kernel::current_process());
  if (is_for_process(info)) {
    const int64_t sent =
        raw_syscall(__NR_rt_sigqueueinfo, pid, as_word(info.si_signo), word(&info));
    // None but the first thread may send its process what could have come from kill().
    if (sent != -EPERM) return;
  }
  send_to_thread(kernel::current_thread(), info);
}

bool send_to_thread(pid_t tid, const siginfo_t& info) {
  const auto pid = static_cast<uint64_t>(kernel::current_process());
  return !failed(
      raw_syscall(__NR_rt_tgsigqueueinfo, pid, as_word(tid), as_word(info.si_signo), word(&info)));
}

void make_pending(ProgramThread& thread, const siginfo_t& info, bool synchronous, SignalSet mask) {
  SignalState& state = *thread.signals;
  state.pending = info;
  state.synchronous = synchronous;
  state.mask_before = mask & ~kSynchronous;
  state.in_masked_call = false;
  state.has_pending = true;
  *thread.signal_pending = 1;
}

void give_back_pending(ProgramThread& thread) {
  SignalState& state = *thread.signals;
  if (!state.has_pending) return;
  siginfo_t info = state.pending;
  state.has_pending = false;
  state.stepping = false;
  *thread.signal_pending = 0;
  if ((kSynchronous & set_of(info.si_signo)) != 0) {
    hold(thread, info);
    return;
  }
  send_again(info);
}

}  // namespace weft::linux
