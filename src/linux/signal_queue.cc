#include "linux/signal_queue.h"

#include <bit>

#include "linux/raw_syscall.h"

namespace weft::linux {
namespace {

size_t place_of(int signal) {
  return static_cast<size_t>(std::popcount(kSynchronous & (set_of(signal) - 1)));
}

}  // namespace

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
    hold(state, info);
    return;
  }
  raw_syscall(__NR_rt_tgsigqueueinfo, static_cast<uint64_t>(raw_syscall(__NR_getpid)),
              static_cast<uint64_t>(raw_syscall(__NR_gettid)), static_cast<uint64_t>(info.si_signo),
              word(&info));
}

void hold(SignalState& state, const siginfo_t& info) {
  const SignalSet bit = set_of(info.si_signo);
  if ((state.held_set & bit) != 0) return;
  state.held[place_of(info.si_signo)] = info;
  state.held_set = state.held_set | bit;
}

bool take_held(SignalState& state, SignalSet among, siginfo_t* info) {
  const SignalSet found = state.held_set & among;
  if (found == 0) return false;
  const int signal = std::countr_zero(found) + 1;
  *info = state.held[place_of(signal)];
  state.held_set = state.held_set & ~set_of(signal);
  return true;
}

}  // namespace weft::linux
