#include "engine/dispatcher.h"

#include <array>
#include <csignal>
#include <functional>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/runtime_fs.h"
#include "cache/part.h"
#include "engine/emulate.h"
#include "engine/engine.h"
#include "engine/enter.h"
#include "engine/x87_pointers.h"
#include "linux/call/table.h"
#include "linux/image/vsyscall.h"
#include "linux/kernel/program_memory.h"
#include "linux/signal/state.h"
#include "translate/mangle.h"
#include "translate/state_map.h"

namespace weft::engine {

using translate::Arrival;
using translate::ExitReason;

namespace {

/// Superblocks that one thread has built when it is asked again whether the program is a large one:
/// with its libraries now, and with a JIT's code.
constexpr uint32_t kMeasuredAt = 8'000;

}  // namespace

void Dispatcher::run() {
  thread_.block().stepping = reinterpret_cast<uint64_t>(&thread_.program.signals->stepping);
  for (;;) {
    if (thread_.block().signal_pending != 0) {
      need_runtime_fs();
      part_ = 0;
      if (!tell_of_signal()) {
        engine_.signals().drop_pending(thread_.program);
      } else if (engine_.signals().deliver_pending(thread_.program, thread_.context())) {
        ++thread_.counters.signals_taken;
      }
      arrival_ = Arrival::kDirect;
    }
    thread_.cache().reclaim();
    calm_code_pages();
    if (StressDeleter* stress = engine_.stress()) stress->strike();
    if (thread_.builder.built_count() >= kMeasuredAt && !measured_) {
      measured_ = true;
      need_runtime_fs();
      engine_.measure_program();
    }
    engine_.epochs().enter(thread_.epoch);
    const bool steps = (thread_.context().rflags & Stepper::kTrapFlag) != 0;
    const CachePc entry = steps ? entry_for_step() : entry_for_pc(arrival_);
    if (entry.value == 0) {
      engine_.epochs().leave(thread_.epoch);
      arrival_ = Arrival::kDirect;
      continue;
    }
    thread_.block().enter_pc = entry.value;
    thread_.in_cache = true;
    if (engine_.deletions().requests().has_requests() || engine_.is_written_by_others() ||
        engine_.has_cpu_alarm() || thread_.to_stop) {
      // Who asks after this look finds the thread's epoch, and nudges it.
      need_runtime_fs();
      thread_.in_cache = false;
      if (thread_.traces) thread_.traces->leave(false);
      if (stepper_) stepper_->leave();
      engine_.epochs().leave(thread_.epoch);
      engine_.deletions().serve_requests();
      engine_.take_foreign_writes();
      engine_.take_cpu_alarm();
      thread_.stand_while_stopped();
      continue;
    }
    const AppPc pc = thread_.pc();
    if (steps) thread_.context().rflags &= ~Stepper::kTrapFlag;
    weft_enter_cache();
    thread_.in_cache = false;
    settle_x87_pointers(thread_);
    thread_.code_changed = false;
    if (steps) thread_.context().rflags |= Stepper::kTrapFlag;
    const auto reason = static_cast<ExitReason>(thread_.block().exit_reason);
    if (needs_libc(reason)) need_runtime_fs();
    if (!handle_exit(reason)) return;
    if (steps) end_step(pc, reason);
  }
}

bool Dispatcher::needs_libc(ExitReason reason) const {
  switch (reason) {
    case ExitReason::kLink:
    case ExitReason::kIndirectMiss:
      return stepper_ != nullptr;
    case ExitReason::kSyscall:
      return !engine_.emulator().passes_on(thread_.program, thread_.context());
    default:
      return true;
  }
}

void Dispatcher::calm_code_pages() {
  // Not each time: the clock is a system call.
  constexpr uint32_t kVisits = 16;
  uint64_t& checks_left = thread_.block().checks_left;
  if (checks_left == 0 || ++visits_ % kVisits == 0) engine_.calm_code_pages();
  checks_left = translate::ThreadBlock::kChecksInARow;
}

bool Dispatcher::handle_exit(ExitReason reason) {
  arrival_ = Arrival::kDirect;
  part_ = 0;
  if (stepper_) stepper_->leave();
  if (thread_.traces) {
    thread_.traces->leave(reason == ExitReason::kLink || reason == ExitReason::kHead ||
                          reason == ExitReason::kIndirectMiss);
  }
  switch (reason) {
    case ExitReason::kLink:
    case ExitReason::kHead:
      ++thread_.counters.link_exits;
      note_exit(static_cast<cache::ExitId>(thread_.block().exit_id));
      if (reason == ExitReason::kHead && thread_.traces) thread_.traces->count(thread_.pc());
      break;
    case ExitReason::kIndirectMiss:
      ++thread_.counters.indirect_misses;
      arrival_ = Arrival::kIndirect;
      break;
    case ExitReason::kSyscall:
      engine_.epochs().leave(thread_.epoch);
      return system_call();
    case ExitReason::kEmulate:
      ++thread_.counters.emulated;
      emulate_instruction();
      break;
    case ExitReason::kStale:
      // Of those that only count, none is stale; if one is, its next check finds it so.
      if (thread_.block().checks_left == 0) {
        ++thread_.counters.long_checks;
        break;
      }
      ++thread_.counters.stale_checks;
      engine_.code_stale(thread_.pc());
      break;
    case ExitReason::kAborted:
    case ExitReason::kSignal:
      break;
  }
  engine_.epochs().leave(thread_.epoch);
  return true;
}

void Dispatcher::note_exit(cache::ExitId id) {
  const AppPc target = thread_.cache().exit_target(id);
  part_ = cache::part_number(target);
  thread_.context().rip = cache::block_of_part(target).value;
  if (thread_.cache().exit_calls(id)) arrival_ = Arrival::kCall;
}

bool Dispatcher::system_call() {
  ++thread_.counters.system_calls;
  Hooks* const hooks = engine_.hooks();
  for (bool again = true; again;) {
    if (hooks != nullptr && hooks->syscall_before(thread_)) return true;
    const auto number = static_cast<int64_t>(thread_.context()[x86::kRax]);
    const bool lends =
        hooks != nullptr && linux::system_call(number).handler == linux::Handler::kClone;
    const size_t lent = lends ? hooks->lend(thread_) : 0;
    const linux::Outcome outcome = carry_out();
    if (lends) hooks->take_back(thread_, lent);
    if (outcome == linux::Outcome::kThreadEnds) return false;
    again =
        hooks != nullptr && outcome == linux::Outcome::kContinue && hooks->syscall_after(thread_);
  }
  return true;
}

linux::Outcome Dispatcher::carry_out() {
  if (engine_.hooks() == nullptr) {
    return engine_.emulator().handle(thread_.program, thread_.context());
  }
  // Who has stopped the thread meanwhile sees its registers as they are before the call, and may
  // change them.
  const x86::CpuContext before = thread_.context();
  x86::CpuContext after = before;
  thread_.rests.store(true, std::memory_order_release);
  const linux::Outcome outcome = engine_.emulator().handle(thread_.program, after);
  if (outcome == linux::Outcome::kThreadEnds) return outcome;
  thread_.stand_while_stopped();
  x86::take_changes(before, after, thread_.context());
  return outcome;
}

bool Dispatcher::tell_of_signal() {
  const linux::SignalState& signals = *thread_.program.signals;
  if (engine_.hooks() == nullptr || !signals.has_pending) return true;
  return engine_.hooks()->signal(thread_, signals.pending);
}

void Dispatcher::emulate_instruction() {
  const std::optional<EmulationFault> fault = emulate(thread_.context());
  if (!fault) return;
  const bool refused = fault->code == SEGV_MAPERR && fault->signal == SIGSEGV &&
                       engine_.space().find({fault->address}).has_value();
  engine_.signals().raise_fault(thread_.program, fault->signal,
                                refused ? int{SEGV_ACCERR} : fault->code, fault->address);
}

bool Dispatcher::call_vsyscall(AppPc pc) {
  const std::optional<uint64_t> number = linux::vsyscall_number(pc.value);
  x86::CpuContext& context = thread_.context();
  uint64_t back = 0;
  if (!number || !linux::read_program(&back, context[x86::kRsp])) return false;
  context[x86::kRax] = *number;
  context[x86::kRsp] += sizeof back;
  context.rip = back;
  system_call();
  return true;
}

void Dispatcher::raise_fetch_fault(AppPc pc) {
  need_runtime_fs();
  if (call_vsyscall(pc)) return;
  const bool mapped = engine_.space().find(pc).has_value();
  engine_.signals().raise_fault(thread_.program, SIGSEGV, mapped ? SEGV_ACCERR : SEGV_MAPERR,
                                pc.value);
}

CachePc Dispatcher::entry_of_part(AppPc name) {
  if (thread_.traces) thread_.traces->interrupt();
  const CachePc entry = thread_.cache().find(name);
  return entry.value != 0 ? entry : build(name, Arrival::kDirect);
}

CachePc Dispatcher::entry_for_pc(Arrival arrival) {
  const AppPc tag = thread_.pc();
  if (const uint32_t part = std::exchange(part_, 0); part != 0) {
    return entry_of_part(cache::part_of_block(tag, part));
  }
  if (cache::part_number(tag) != 0) {
    raise_fetch_fault(tag);
    return {};
  }
  if (thread_.traces) {
    const CachePc probe = thread_.traces->next_probe(tag);
    if (probe.value != 0) return probe;
  }
  wake(byte_at(tag));
  CachePc entry = thread_.cache().find(tag);
  if (entry.value != 0 && arrival != Arrival::kIndirect) return entry;
  if (entry.value == 0) entry = enter_inside(tag);
  if (entry.value == 0) entry = build(tag, arrival);
  if (entry.value == 0) return entry;
  if (arrival == Arrival::kIndirect) publish_indirect(tag);
  engine_.child_blocks().note(thread_.program.pid, {tag, arrival});
  return entry;
}

CachePc Dispatcher::entry_for_step() {
  need_runtime_fs();
  if (thread_.traces) thread_.traces->interrupt();
  if (!stepper_) {
    stepper_ = std::make_unique<Stepper>(thread_.environment(), thread_.cache(), engine_);
  }
  for (;;) {
    const AppPc pc = thread_.pc();
    wake({pc, pc + x86::kLongestInstruction});
    switch (stepper_->prepare(pc)) {
      case Stepper::Result::kReady:
        return stepper_->entry();
      case Stepper::Result::kNoCode:
        raise_fetch_fault(stepper_->fault_address());
        return {};
      case Stepper::Result::kFull:
        engine_.epochs().leave(thread_.epoch);
        engine_.make_room(thread_.cache());
        engine_.epochs().enter(thread_.epoch);
        break;
      case Stepper::Result::kAgain:
        break;
    }
  }
}

void Dispatcher::end_step(AppPc pc, ExitReason reason) {
  const linux::SignalState& signals = *thread_.program.signals;
  if (signals.has_pending && signals.synchronous) return;
  const bool left = reason == ExitReason::kLink || reason == ExitReason::kIndirectMiss;
  const bool moved = reason == ExitReason::kEmulate || reason == ExitReason::kSignal;
  // As the kernel returns from a system call, the next instruction is done before the trap comes.
  if (!left && !(moved && thread_.pc() != pc)) return;
  engine_.signals().raise_fault(thread_.program, SIGTRAP, TRAP_TRACE, thread_.pc().value);
}

CachePc Dispatcher::enter_inside(AppPc tag) {
  if (!thread_.environment().entries_anywhere) return {};
  const cache::CodeCache& cache = thread_.cache();
  const uint64_t generation = cache.generation(tag);
  CachePc entry;
  const auto try_entry = [&](cache::Fragment& fragment) {
    // Probes have no entries, and a trace has one.
    if (entry.value != 0 || fragment.kind() != cache::FragmentKind::kBlock) return;
    const auto offset = translate::find_boundary(fragment.state_map(), tag);
    if (!offset) return;
    const std::optional<AppRange> block = fragment.constituent_at(tag);
    if (!block) return;
    const CachePc direct = fragment.hot_start() + *offset;
    if (thread_.cache().add_entry(fragment, {tag, {tag, block->end}, generation}, direct)) {
      entry = direct;
    }
  };
  const cache::EpochGuard held(engine_.epochs(), thread_.epoch);
  // By reference: what std::function copies, it allocates.
  cache.fragments_in(held, {tag, tag + 1}, std::ref(try_entry));
  return entry;
}

}  // namespace weft::engine

/// Called by enter.S on the runtime's stack.
extern "C" bool weft_run_clean_call(const weft::translate::CallSite* site) {
  weft::engine::Thread& thread = weft::engine::Thread::current();
  return thread.hooks->clean_call(thread, *site);
}
