// Timers: a thread for each that is set, which sleeps by the clock that the timer has, and makes
// the calls.
#include <sys/time.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <mutex>

#include "core/client_thread.h"
#include "core/context.h"
#include "dr_api.h"

namespace {

using weft::dynamorio::Context;
using weft::dynamorio::run_client_thread;

using Callback = void (*)(void* drcontext, dr_mcontext_t* mcontext);

struct Timer {
  std::mutex mutex;
  Callback function = nullptr;      ///< under mutex; null: not set
  uint milliseconds = 0;            ///< under mutex
  std::atomic<uint> generation{0};  ///< which setting the thread is for
};

Timer* timer_of(int which) {
  static std::array<Timer, 3> timers;
  if (which != ITIMER_REAL && which != ITIMER_VIRTUAL && which != ITIMER_PROF) return nullptr;
  return &timers[static_cast<size_t>(which)];
}

/// Program and runtime are one process: user time alone is not told apart.
clockid_t clock_of(int which) {
  return which == ITIMER_REAL ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID;
}

void sleep_by(clockid_t clock, uint milliseconds) {
  constexpr uint kThousand = 1000;
  constexpr long kMillion = 1'000'000;
  timespec left{milliseconds / kThousand, static_cast<long>(milliseconds % kThousand) * kMillion};
  while (clock_nanosleep(clock, 0, &left, &left) == EINTR) {
  }
}

Callback function_of(Timer& timer) {
  const std::lock_guard held(timer.mutex);
  return timer.function;
}

/// Where the program is meanwhile is not told.
void call(Timer& timer, Context& context) {
  const Callback function = function_of(timer);
  if (function == nullptr) return;
  dr_mcontext_t state{};
  state.size = sizeof state;
  state.flags = DR_MC_ALL;
  state.pc = reinterpret_cast<byte*>(&dr_set_itimer);
  function(&context, &state);
}

void keep_time(int which, Timer& timer, uint generation, uint milliseconds, Context& context) {
  for (;;) {
    sleep_by(clock_of(which), milliseconds);
    if (timer.generation != generation) return;
    call(timer, context);
  }
}

}  // namespace

extern "C" {

bool dr_set_itimer(int which, uint millisec, void (*func)(void*, dr_mcontext_t*)) {
  Timer* const timer = timer_of(which);
  if (timer == nullptr || (func == nullptr && millisec != 0)) return false;
  uint generation = 0;
  {
    const std::lock_guard held(timer->mutex);
    timer->function = millisec == 0 ? nullptr : func;
    timer->milliseconds = millisec;
    generation = ++timer->generation;
  }
  if (millisec == 0) return true;
  return run_client_thread(
      [=](Context& context) { keep_time(which, *timer, generation, millisec, context); });
}

uint dr_get_itimer(int which) {
  Timer* const timer = timer_of(which);
  if (timer == nullptr) return 0;
  const std::lock_guard held(timer->mutex);
  return timer->milliseconds;
}

}  // extern "C"
