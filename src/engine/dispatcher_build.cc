// The dispatcher's part that builds, and makes ready for indirect branches.
#include <array>
#include <ctime>
#include <optional>

#include "base/log.h"
#include "base/runtime_fs.h"
#include "engine/dispatcher.h"
#include "engine/engine.h"
#include "linux/kernel/raw_syscall.h"
#include "translate/mangle.h"

namespace weft::engine {

using translate::Arrival;

namespace {

constexpr uint64_t kAlignmentCheck = 0x40000;  // rflags.AC

/// For the statistics, where they are wanted: the clock is a system call. It does not run while
/// others have the processor.
uint64_t clock_ns(const Options& options) {
  if (!options.stats && options.stats_file.empty()) return 0;
  timespec used{};
  linux::raw_syscall(__NR_clock_gettime, CLOCK_THREAD_CPUTIME_ID, linux::word(&used));
  constexpr uint64_t kSecond = 1'000'000'000;
  return static_cast<uint64_t>(used.tv_sec) * kSecond + static_cast<uint64_t>(used.tv_nsec);
}

}  // namespace

bool Dispatcher::wake(AppRange bytes) {
  CodeImages* const images = engine_.images();
  if (images == nullptr) return false;
  bool any = false;
  for (; images->is_asleep(bytes); any = true) {
    need_runtime_fs();
    const CodeImages::Woken woken = images->wake(bytes);
    if (woken.result == CodeImages::Woken::kYes) {
      ++thread_.counters.modules_woken;
      engine_.note_woken(woken.code);
    }
    if (woken.result == CodeImages::Woken::kRefused) ++thread_.counters.modules_refused;
  }
  return any;
}

bool Dispatcher::wake_around(const translate::Draft& draft) {
  if (engine_.images() == nullptr) return false;
  for (const cache::ExitSpec& each : draft.exits) wake(byte_at(each.target));
  bool any = false;
  for (const cache::Constituent& each : draft.constituents) any |= wake(each.bytes);
  return any;
}

Dispatcher::Built Dispatcher::try_build(AppPc tag, Arrival arrival) {
  using Error = cache::CodeCache::PublishError;
  const uint64_t start = clock_ns(engine_.options());
  thread_.builder.use_aligned_checks((thread_.context().rflags & kAlignmentCheck) != 0);
  do {
    if (!thread_.builder.build(tag, arrival)) return {Built::kNoCode, {}};
    // A change of bytes where a module still slept killed nothing: they are read again.
  } while (wake_around(thread_.builder.draft()));
  const uint64_t drafted = clock_ns(engine_.options());
  const auto published =
      thread_.cache().publish(thread_.builder.draft().spec(cache::FragmentKind::kBlock));
  ThreadCounters& counters = thread_.counters;
  const uint64_t end = clock_ns(engine_.options());
  counters.publish_ns += end - drafted;
  counters.translate_ns += end - start;
  switch (published.error) {
    case Error::kNone:
      break;
    case Error::kExists:
      if (const CachePc entry = thread_.cache().find(tag); entry.value != 0) {
        return {Built::kYes, entry};
      }
      return {Built::kAgain, {}};
    case Error::kStale:
      return {Built::kAgain, {}};
    case Error::kFull:
      return {Built::kFull, {}};
  }
  // The fragment's now, until it is reclaimed.
  static_cast<void>(thread_.builder.draft().tool_data.release());
  engine_.observers().published(*published.fragment);
  note_built(tag, published.entry);
  return {Built::kYes, published.entry};
}

CachePc Dispatcher::build(AppPc tag, Arrival arrival) {
  for (;;) {
    const Built built = try_build(tag, arrival);
    switch (built.result) {
      case Built::kYes:
        return built.entry;
      case Built::kNoCode:
        raise_fetch_fault(thread_.builder.fault_address());
        return {};
      case Built::kAgain:
        break;
      case Built::kFull:
        need_runtime_fs();
        engine_.epochs().leave(thread_.epoch);
        engine_.make_room(thread_.cache());
        engine_.epochs().enter(thread_.epoch);
        break;
    }
  }
}

bool Dispatcher::build_ahead(AppPc tag) {
  wake(byte_at(tag));
  if (thread_.cache().find(tag).value != 0) return true;
  return engine_.is_executable(tag) && try_build(tag, Arrival::kDirect).result == Built::kYes;
}

void Dispatcher::build_for_children() {
  // A child that runs for long may tell of more than the next one will get to.
  constexpr int kMost = 1024;
  engine_.epochs().enter(thread_.epoch);
  for (int i = 0; i < kMost; ++i) {
    const std::optional<ChildBlocks::Block> block =
        engine_.child_blocks().take(thread_.program.pid);
    if (!block) break;
    wake(byte_at(block->tag));
    CachePc entry = thread_.cache().find(block->tag);
    if (entry.value == 0) entry = enter_inside(block->tag);
    if (entry.value == 0) entry = try_build(block->tag, block->arrival).entry;
    if (entry.value != 0 && block->arrival == Arrival::kIndirect) publish_indirect(block->tag);
  }
  engine_.epochs().leave(thread_.epoch);
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
  x86::Label other_way;
  cache::PastChoiceJump past;
  past.choice = environment.choice_of_branches();
  if (past.choice != 0) {
    // Over to the other way in; what enters behind it knows the outcome.
    translate::emit_choice_jump(out, other_way);
    past.entry = out.position();
    translate::emit_indirect_entry(out, environment, tag);
    past.jump = out.jmp_rel32();
  }
  out.bind(other_way);
  translate::emit_indirect_entry(out, environment, tag);
  const uint32_t jump = out.jmp_rel32();
  thread_.cache().add_indirect_entry(tag, out.code(), jump, {}, past);
}

}  // namespace weft::engine
