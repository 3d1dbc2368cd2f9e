#include "linux/signal/alarm.h"

#include <ctime>

#include "linux/kernel/calls.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/signal/handler.h"
#include "linux/signal/state.h"

namespace weft::linux {
namespace {

/// Of those that the kernel never blocks for the program, as nudges are: it comes whatever the
/// mask.
constexpr int kAlarmSignal = SIGFPE;
/// Their addresses are what only our own timers have for values.
const char alarm_mark = 0;
const char cpu_alarm_mark = 0;

void set(clockid_t clock, const char& mark, timespec after) {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = kAlarmSignal;
  event.sigev_value.sival_ptr = const_cast<char*>(&mark);
  event._sigev_un._tid = kernel::current_thread();
  int timer = 0;
  const auto number = static_cast<uint64_t>(clock);
  if (failed(raw_syscall(__NR_timer_create, number, word(&event), word(&timer)))) return;
  itimerspec when{};
  when.it_value = after;
  raw_syscall(__NR_timer_settime, static_cast<uint64_t>(timer), 0, word(&when), 0);
}

bool is(const siginfo_t& info, const char& mark) {
  return info.si_signo == kAlarmSignal && info.si_code == SI_TIMER &&
         info.si_value.sival_ptr == &mark;
}

}  // namespace

void let_ending_signals_in() {
  const SignalSet mask = kEnding;
  raw_syscall(__NR_rt_sigprocmask, SIG_UNBLOCK, word(&mask), 0, sizeof mask);
}

void set_alarm(int seconds) { set(CLOCK_MONOTONIC, alarm_mark, {seconds, 0}); }

void set_cpu_alarm(int milliseconds) {
  constexpr int kMilliseconds = 1000;
  constexpr long kNanoseconds = 1'000'000;
  set(CLOCK_THREAD_CPUTIME_ID, cpu_alarm_mark,
      {milliseconds / kMilliseconds, milliseconds % kMilliseconds * kNanoseconds});
}

bool is_alarm(const siginfo_t& info) { return is(info, alarm_mark); }

bool is_cpu_alarm(const siginfo_t& info) { return is(info, cpu_alarm_mark); }

void drop_alarm(const siginfo_t& info) {
  raw_syscall(__NR_timer_delete, static_cast<uint64_t>(info.si_timerid));
}

void end_by(int signal) {
  const KernelAction fallback;
  const auto number = static_cast<uint64_t>(signal);
  raw_syscall(__NR_rt_sigaction, number, word(&fallback), 0, sizeof(SignalSet));
  const SignalSet mask = ~set_of(signal);
  raw_syscall(__NR_rt_sigprocmask, SIG_SETMASK, word(&mask), 0, sizeof mask);
  kernel::send_to_self(signal);
  kernel::end_process(static_cast<uint64_t>(kernel::status_of_signal(signal)));
}

}  // namespace weft::linux
