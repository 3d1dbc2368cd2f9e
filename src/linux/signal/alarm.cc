#include "linux/signal/alarm.h"

#include <ctime>

#include "linux/kernel/raw_syscall.h"
#include "linux/signal/handler.h"
#include "linux/signal/state.h"

namespace weft::linux {
namespace {

/// Of those that the kernel never blocks for the program, as nudges are: it comes whatever the
/// mask.
constexpr int kAlarmSignal = SIGFPE;
/// Its address is what only our own timers have for a value.
constexpr char kMark = 0;

}  // namespace

void let_ending_signals_in() {
  const SignalSet mask = kEnding;
  raw_syscall(__NR_rt_sigprocmask, SIG_UNBLOCK, word(&mask), 0, sizeof mask);
}

void set_alarm(int seconds) {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = kAlarmSignal;
  event.sigev_value.sival_ptr = const_cast<char*>(&kMark);
  event._sigev_un._tid = static_cast<pid_t>(raw_syscall(__NR_gettid));
  int timer = 0;
  if (failed(raw_syscall(__NR_timer_create, CLOCK_MONOTONIC, word(&event), word(&timer)))) return;
  itimerspec when{};
  when.it_value.tv_sec = seconds;
  raw_syscall(__NR_timer_settime, static_cast<uint64_t>(timer), 0, word(&when), 0);
}

bool is_alarm(const siginfo_t& info) {
  return info.si_signo == kAlarmSignal && info.si_code == SI_TIMER &&
         info.si_value.sival_ptr == &kMark;
}

void drop_alarm(const siginfo_t& info) {
  raw_syscall(__NR_timer_delete, static_cast<uint64_t>(info.si_timerid));
}

void end_by(int signal) {
  const KernelAction fallback;
  const auto number = static_cast<uint64_t>(signal);
  raw_syscall(__NR_rt_sigaction, number, word(&fallback), 0, sizeof(SignalSet));
  const SignalSet mask = ~set_of(signal);
  raw_syscall(__NR_rt_sigprocmask, SIG_SETMASK, word(&mask), 0, sizeof mask);
  raw_syscall(__NR_tgkill, static_cast<uint64_t>(raw_syscall(__NR_getpid)),
              static_cast<uint64_t>(raw_syscall(__NR_gettid)), number);
  constexpr uint64_t kStatusOfSignal = 128;
  for (;;) raw_syscall(__NR_exit_group, kStatusOfSignal + number);
}

}  // namespace weft::linux
