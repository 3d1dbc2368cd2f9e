// Timers of the runtime's own, and a runtime's side of a thread that does not come to an end,
// because a tool hangs, or that aborts.
#include "engine/engine.h"
#include "engine/fault_handler.h"
#include "linux/signal/alarm.h"
#include "linux/signal/state.h"

namespace weft::engine {

void FaultHandler::signal_waits(linux::ProgramThread&, int) {
  // A slow event of a tool takes less.
  constexpr int kPatience = 5;  // seconds
  if (Thread::current().hooks != nullptr) linux::set_alarm(kPatience);
}

void FaultHandler::alarm(linux::ProgramThread& program, const siginfo_t& info,
                         const x86::CpuContext& registers) {
  linux::drop_alarm(info);
  Thread& thread = Thread::current();
  const linux::SignalState& signals = *program.signals;
  // What the dispatcher has not come to for so long is still pending.
  const bool waits = signals.has_pending && !signals.synchronous &&
                     (linux::kEnding & linux::set_of(signals.pending.si_signo)) != 0;
  if (!waits || thread.hooks == nullptr) return;
  thread.hooks->hangs(thread, signals.pending.si_signo, registers);
  linux::end_by(signals.pending.si_signo);
}

void FaultHandler::cpu_alarm(const siginfo_t& info) {
  linux::drop_alarm(info);
  engine_.note_cpu_alarm();
}

void Engine::take_cpu_alarm() {
  if (cpu_alarm_.exchange(false) && hooks_ != nullptr) hooks_->cpu_alarm();
}

void FaultHandler::aborted(linux::ProgramThread* program, const x86::CpuContext& registers) {
  Thread& thread = Thread::current();
  if (thread.hooks != nullptr) {
    thread.hooks->aborted(program != nullptr ? &thread : nullptr, registers);
  }
}

}  // namespace weft::engine
