#include "engine/dispatcher.h"

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <optional>

#include "base/log.h"
#include "base/runtime_fs.h"
#include "engine/emulate.h"
#include "engine/engine.h"
#include "engine/enter.h"
#include "linux/signal_state.h"
#include "linux/sys_program_memory.h"
#include "linux/vsyscall.h"
#include "translate/mangle.h"
#include "translate/state_map.h"

namespace weft::engine {

using translate::Arrival;
using translate::ExitReason;

namespace {

/// Superblocks that one thread has built when it is asked again whether the program is a large one:
/// with its libraries now, and with a JIT's code.
constexpr uint32_t kMeasuredAt = 8'000;
constexpr uint64_t kAlignmentCheck = 0x40000;  // rflags.AC

/// For the statistics, where they are wanted: the runtime's clock is a system call.
uint64_t clock_ns(const Options& options) {
  if (!options.stats && options.stats_file.empty()) return 0;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
}

}  // namespace

void Dispatcher::run() {
  thread_.block().stepping = reinterpret_cast<uint64_t>(&thread_.program.signals->stepping);
  for (;;) {
    if (thread_.block().signal_pending != 0) {
      need_runtime_fs();
      tell_of_signal();
      if (engine_.signals().deliver_pending(thread_.program, thread_.context())) {
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
    if (engine_.deletions().requests().has_requests()) {
      // Who asks after this look finds the thread's epoch, and nudges it.
      need_runtime_fs();
      thread_.in_cache = false;
      if (thread_.traces) thread_.traces->leave(false);
      if (stepper_) stepper_->leave();
      engine_.epochs().leave(thread_.epoch);
      engine_.deletions().serve_requests();
      continue;
    }
    const AppPc pc = thread_.pc();
    if (steps) thread_.context().rflags &= ~Stepper::kTrapFlag;
    weft_enter_cache();
    thread_.in_cache = false;
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
  thread_.context().rip = thread_.cache().exit_target(id).value;
  if (thread_.cache().exit_calls(id)) arrival_ = Arrival::kCall;
}

bool Dispatcher::system_call() {
  ++thread_.counters.system_calls;
  Hooks* const hooks = engine_.hooks();
  if (hooks != nullptr && hooks->syscall_before(thread_)) return true;
  const linux::Outcome outcome = engine_.emulator().handle(thread_.program, thread_.context());
  if (outcome == linux::Outcome::kThreadEnds) return false;
  if (hooks != nullptr && outcome == linux::Outcome::kContinue) hooks->syscall_after(thread_);
  return true;
}

void Dispatcher::tell_of_signal() {
  const linux::SignalState& signals = *thread_.program.signals;
  if (engine_.hooks() != nullptr && signals.has_pending) {
    engine_.hooks()->signal(thread_, signals.pending);
  }
}

void Dispatcher::emulate_instruction() {
  const std::optional<EmulationFault> fault = emulate(thread_.context());
  if (!fault) return;
  engine_.signals().raise_fault(thread_.program, fault->signal, fault->code, fault->address);
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

CachePc Dispatcher::entry_for_pc(Arrival arrival) {
  const AppPc tag = thread_.pc();
  if (thread_.traces) {
    const CachePc probe = thread_.traces->next_probe(tag);
    if (probe.value != 0) return probe;
  }
  CachePc entry = thread_.cache().find(tag);
  if (entry.value == 0) entry = enter_inside(tag);
  if (entry.value == 0) entry = build(tag, arrival);
  if (arrival == Arrival::kIndirect && entry.value != 0) publish_indirect(tag);
  return entry;
}

CachePc Dispatcher::entry_for_step() {
  need_runtime_fs();
  if (thread_.traces) thread_.traces->interrupt();
  if (!stepper_) {
    stepper_ = std::make_unique<Stepper>(thread_.environment(), thread_.cache(), engine_);
  }
  for (;;) {
    switch (stepper_->prepare(thread_.pc())) {
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
  // By reference: what std::function copies, it allocates.
  cache.fragments_in({tag, tag + 1}, std::ref(try_entry));
  return entry;
}

bool Dispatcher::load(AppPc tag) {
  using Loaded = translate::SuperblockBuilder::Loaded;
  PersistentCode* const store = engine_.persistent();
  if (store == nullptr) return false;
  const Loaded loaded = thread_.builder.load(tag, *store);
  if (loaded == Loaded::kYes) ++thread_.counters.loaded;
  if (loaded == Loaded::kRejected) ++thread_.counters.rejected;
  return loaded == Loaded::kYes;
}

CachePc Dispatcher::build(AppPc tag, Arrival arrival) {
  using Error = cache::CodeCache::PublishError;
  for (;;) {
    const uint64_t start = clock_ns(engine_.options());
    thread_.builder.use_aligned_checks((thread_.context().rflags & kAlignmentCheck) != 0);
    const bool loaded = load(tag);
    if (!loaded && !thread_.builder.build(tag, arrival)) {
      raise_fetch_fault(thread_.builder.fault_address());
      return {};
    }
    const auto published =
        thread_.cache().publish(thread_.builder.draft().spec(cache::FragmentKind::kBlock));
    ThreadCounters& counters = thread_.counters;
    counters.translate_ns += clock_ns(engine_.options()) - start;
    switch (published.error) {
      case Error::kNone: {
        // The fragment's now, until it is reclaimed.
        static_cast<void>(thread_.builder.draft().tool_data.release());
        if (engine_.hooks() != nullptr) engine_.hooks()->published(*published.fragment);
        if (PerfMap* map = engine_.perf_map()) map->add(*published.fragment);
        if (PersistentCode* store = engine_.persistent(); store != nullptr && !loaded) {
          thread_.builder.keep(*store);
        }
        note_built(tag, published.entry);
        return published.entry;
      }
      case Error::kExists: {
        const CachePc entry = thread_.cache().find(tag);
        if (entry.value != 0) return entry;
        break;
      }
      case Error::kStale:
        break;
      case Error::kFull:
        need_runtime_fs();
        engine_.epochs().leave(thread_.epoch);
        engine_.make_room(thread_.cache());
        engine_.epochs().enter(thread_.epoch);
        break;
    }
  }
}

void Dispatcher::note_built(AppPc tag, CachePc entry) {
  ThreadCounters& counters = thread_.counters;
  const translate::Draft& draft = thread_.builder.draft();
  const auto blocks =
      std::span(draft.constituents).first(draft.constituents.size() - draft.constants.size());
  ++counters.superblocks;
  counters.blocks += blocks.size();
  counters.constants += draft.constants.size();
  counters.instructions += thread_.builder.instruction_count();
  for (const auto& part : blocks) counters.app_bytes += part.bytes.size();
  WEFT_LOG(kDebug, "{:#x} built at {:#x}: {} blocks", tag.value, entry.value, blocks.size());
  engine_.expect_returns(draft.return_addresses);
  expect_landings();
}

void Dispatcher::expect_landings() {
  const auto expect = [this](AppPc tag) {
    engine_.expect_returns({&tag, 1});
    bool needs_stub = false;
    thread_.cache().publish_indirect(tag, needs_stub);
  };
  const translate::Draft& draft = thread_.builder.draft();
  if (!draft.pairs_returns) return;
  for (const cache::EntrySpec& entry : std::span(draft.entries).subspan(1)) {
    if (entry.indirect != cache::EntrySpec::kNone) expect(entry.tag);
  }
  for (const cache::LandingSpec& landing : draft.landings) expect(landing.tag);
}

void Dispatcher::publish_indirect(AppPc tag) {
  bool needs_stub = false;
  if (thread_.cache().publish_indirect(tag, needs_stub) || !needs_stub) return;
  std::array<uint8_t, 64> buffer;
  x86::Assembler out{std::span(buffer)};
  const translate::Environment& environment = thread_.environment();
  cache::PastChoiceJump past;
  past.choice = environment.choice_of_branches();
  if (past.choice != 0) {
    // Over to the other way in; what enters behind it knows the outcome.
    const uint8_t door[] = {0xEB, 0, 0xCC, 0xCC, 0xCC};
    static_assert(sizeof door == translate::Environment::kByChoice);
    out.bytes(door, sizeof door);
    past.entry = out.position();
    translate::emit_indirect_entry(out, environment, tag);
    past.jump = out.jmp_rel32();
    out.patch_u8(1, static_cast<uint8_t>(out.position() - 2));
  }
  translate::emit_indirect_entry(out, environment, tag);
  const uint32_t jump = out.jmp_rel32();
  thread_.cache().add_indirect_entry(tag, out.code(), jump, {}, past);
}

}  // namespace weft::engine

/// Called by enter.S on the runtime's stack.
extern "C" bool weft_run_clean_call(const weft::translate::CallSite* site) {
  weft::engine::Thread& thread = weft::engine::Thread::current();
  return thread.hooks->clean_call(thread, *site);
}
