#include "linux/signal/libc_signals.h"

#include <pthread.h>

#include <algorithm>

#include "base/check.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/handler.h"

namespace weft::linux {
namespace {

KernelAction kernel_action(int signal) {
  KernelAction action;
  raw_syscall(__NR_rt_sigaction, static_cast<uint64_t>(signal), 0, word(&action),
              sizeof(SignalSet));
  return action;
}

void* return_at_once(void*) { return nullptr; }

/// Asks for a thread that cannot be had: libc prepares itself before it looks for the stack.
void prepare_libc() {
  constexpr size_t kMoreThanThereIs = size_t{1} << 60;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kMoreThanThereIs);
  pthread_t thread;
  CHECK(pthread_create(&thread, &attributes, return_at_once, nullptr) != 0);
  pthread_attr_destroy(&attributes);
}

}  // namespace

int LibcSignals::end() { return std::min(SIGRTMIN, kFirst + kMost); }

void LibcSignals::learn() {
  std::array<KernelAction, kMost> before;
  for (int signal = kFirst; signal < end(); ++signal) {
    before[static_cast<size_t>(signal - kFirst)] = kernel_action(signal);
  }
  const SignalSet mask = exchange_mask(kAllSignals);
  prepare_libc();
  for (int signal = kFirst; signal < end(); ++signal) {
    const auto index = static_cast<size_t>(signal - kFirst);
    const uint64_t handler = kernel_action(signal).handler;
    if (handler == before[index].handler) continue;
    handlers_[index] = handler;
    raw_syscall(__NR_rt_sigaction, static_cast<uint64_t>(signal), word(&before[index]), 0,
                sizeof(SignalSet));
  }
  exchange_mask(mask);
}

SignalSet LibcSignals::taken() const {
  SignalSet taken = 0;
  for (int signal = kFirst; signal < end(); ++signal) {
    const uint64_t handler = handlers_[static_cast<size_t>(signal - kFirst)];
    if (handler != 0 && kernel_action(signal).handler == handler) taken |= set_of(signal);
  }
  return taken;
}

}  // namespace weft::linux
