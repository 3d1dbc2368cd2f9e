// The engine's side of consistency with application memory: which bytes may be translated and how,
// and what happens when they change.
#include <algorithm>
#include <array>
#include <ctime>

#include "base/log.h"
#include "base/runtime_fs.h"
#include "engine/cache_point.h"
#include "engine/engine.h"
#include "linux/call/memory/foreign_writes.h"
#include "linux/kernel/signal_safe_copy.h"

namespace weft::engine {

using linux::FaultAnswer;

namespace {

bool is_program_code(const linux::Mapping& mapping) {
  return mapping.owner == linux::Owner::kProgram && mapping.executable();
}

bool is_program_code(const std::optional<linux::Mapping>& mapping) {
  return mapping && is_program_code(*mapping);
}

AppRange page_of(AppPc pc) { return {{page_down(pc.value)}, {page_down(pc.value) + kPageSize}}; }

/// The coarse clock, because it is read in the fault handler, and the program may forbid the time
/// stamp counter.
CodePages::Moment now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  constexpr uint64_t kSecond = 1'000'000'000;
  return static_cast<uint64_t>(time.tv_sec) * kSecond + static_cast<uint64_t>(time.tv_nsec);
}

}  // namespace

bool Engine::is_executable(AppPc pc) const { return is_program_code(space_.find(pc)); }

translate::CodeRange Engine::executable_range(AppPc pc) {
  const auto mapping = space_.find(pc);
  if (!is_program_code(mapping)) return {};
  const bool shared = space_.has_written_views(*mapping);
  if (shared && space_.is_written_elsewhere(*mapping, page_of(pc))) return {page_of(pc), true};
  if (mapping->writable()) {
    own_memory_.open([this](int fd) { return emulator_->keep_descriptor(fd); });
    const bool held = code_pages_.protect(pc);
    return {page_of(pc), !held};
  }
  if (shared) return {page_of(pc), false};
  AppRange range = mapping->range;
  // An instruction may straddle two mappings of one run of executable memory.
  for (int i = 0; i < 2; ++i) {
    const auto next = space_.find(range.end);
    if (!is_program_code(next) || next->writable() || space_.has_written_views(*next)) break;
    range.end = next->range.end;
  }
  return {range, false};
}

std::optional<AppPc> Engine::constant_at(AppPc slot) {
  const std::optional<AppPc> target = slot_target(slot);
  if (!target || !steady_slots_.note(slot, *target)) return std::nullopt;
  return target;
}

std::optional<AppPc> Engine::slot_target(AppPc slot) {
  AppPc target;
  if (!space_.consult({slot, slot + sizeof target.value})) return std::nullopt;
  if (!linux::safe_copy(&target.value, slot.bytes(), sizeof target.value)) return std::nullopt;
  // A transfer to what is no code faults in a way that depends on the instruction.
  if (!is_executable(target)) return std::nullopt;
  return target;
}

FaultAnswer Engine::code_written(AppPc address, x86::CpuContext& registers,
                                 const void* vector_state) {
  using Store = CodePages::Store;
  Thread& thread = Thread::current();
  ThreadCounters& counters = thread.counters;
  const AppRange page = page_of(address);
  const Store store = code_pages_.on_store(address, epochs_.freeable(), now());
  switch (store) {
    case Store::kRetry:
      // Another thread opened the page since, or its program changed its protection.
      return FaultAnswer::kHandled;
    case Store::kGrant:
      ++counters.pages_opened;
      code_pages_.grant(address, now());
      delete_code(page);
      return FaultAnswer::kHandled;
    case Store::kClose:
      delete_code(page);
      code_pages_.close(address, epochs_.advance());
      break;
    case Store::kHasten:
      hasten_threads();
      break;
    case Store::kEmulate:
      break;
  }
  const CachePc place{registers.rip};
  const cache::Fragment* fragment = thread.cache().fragment_at(place);
  const auto changed = protected_store_.run(registers, address, vector_state, features_.xsave_mask);
  if (!changed) {
    // The store is made by the fragment that is being executed, dead or not; the instruction behind
    // it may already be another one.
    ++counters.pages_opened;
    if (code_pages_.begin_closing(address, now())) delete_code(page);
    code_pages_.grant(address, now());
    delete_code(page);
    thread.code_changed = true;
    return FaultAnswer::kStep;
  }
  ++counters.stores_emulated;
  if (!changed->empty()) {
    thread.code_changed = fragment != nullptr && is_in_block_at(*fragment, place, *changed);
    delete_code(*changed);
  }
  // In a page that is to be opened, the thread announces a new epoch.
  const bool stays = store == Store::kEmulate && fragment != nullptr && fragment->is_live() &&
                     !thread.code_changed;
  return stays ? FaultAnswer::kHandled : FaultAnswer::kLeave;
}

void Engine::hasten_threads() { epochs_.for_each_older(epochs_.current(), nudge_owner); }

void Engine::code_stale(AppPc tag) { Thread::current().cache().delete_fragment(tag); }

void Engine::calm_code_pages() {
  if (!code_pages_.any_to_calm()) return;
  need_runtime_fs();
  for (const AppRange page : code_pages_.calm(now())) {
    ++Thread::current().counters.pages_calmed;
    delete_code(page);
  }
}

void Engine::code_changed(AppRange range) {
  // Memory that is still there (its contents discarded) gets its permission back.
  code_pages_.release(range);
  const uint32_t died = delete_code(range);
  WEFT_LOG(kDebug, "{:#x}-{:#x} unmapped or replaced: {} fragments deleted", range.start.value,
           range.end.value, died);
  observers_.memory_changed(range);
}

void Engine::code_unmapped(AppRange range) { observers_.memory_changed(range); }

void Engine::mapped_executable(AppRange range) {
  add_shadow(range);
  if (fills_ahead_.load()) fill_all_shadow(std::array{range});
  observers_.memory_changed(range);
}

void Engine::note_woken(AppPc tag) {
  // Sequentially consistent: either this sees that all words are to be filled, or whoever asked for
  // that fills those which have come.
  if (!fills_ahead_.load()) return;
  if (const auto mapping = space_.find(tag)) fill_all_shadow(std::array{mapping->range});
}

void Engine::trace_begins() {
  fills_ahead_.store(true);
  std::vector<AppRange> code;
  space_.for_each([&code](const linux::Mapping& mapping) {
    const bool program = mapping.owner == linux::Owner::kProgram;
    if (program && mapping.executable()) code.push_back(mapping.range);
  });
  fill_all_shadow(code);
}

void Engine::fill_all_shadow(std::span<const AppRange> code) {
  // What a JIT reserves is not worth eight times its size; its first branches fault.
  constexpr uint64_t kLargestModule = 64u << 20;
  if (options_.ibl != IblMode::kShadow) return;
  linux::RepeatedWord misses(shadow_.miss().value);
  for (const AppRange range : code) {
    if (range.size() > kLargestModule) continue;
    std::vector<uint8_t> filled(range.size() / cache::ShadowMap::kPageWords);
    if (images_) images_->add_filled(range, filled);
    shadow_.prepare_all(range, filled, misses);
  }
}

int Engine::effective_protection(AppRange range, int prot) {
  // What the program asks for replaces what was taken away; code there is translated, and its page
  // protected, anew.
  code_pages_.release(range);
  delete_code(range);
  return prot;
}

bool Engine::let_kernel_write(AppRange range) {
  const std::vector<AppRange> pages = code_pages_.close_all(range, now());
  for (const AppRange page : pages) {
    delete_code(page);
    code_pages_.open_closed(page, now());
  }
  return !pages.empty();
}

void Engine::kernel_writes_unseen() {
  if (code_pages_.checks_always()) return;
  WEFT_LOG(kInfo, "the kernel writes unseen: code in writable memory checks itself from here on");
  code_pages_.check_always();
  let_kernel_write({{0}, {linux::kUserEnd}});
}

void Engine::take_foreign_writes() {
  while (const auto range = foreign_port_.take_request()) {
    delete_code(*range);
    if (range->overlaps(linux::kTracerComes)) trace_begins();
  }
}

void Engine::shared_view_changed(const linux::Mapping& view) {
  if (view.file == nullptr || !space_.translates_file(view.file->device, view.file->inode)) return;
  space_.for_each([&](const linux::Mapping& other) {
    if (other.owner != linux::Owner::kProgram || !other.feeds_translation()) return;
    const AppRange seen = linux::common_part(other, view);
    if (!seen.empty()) delete_code(seen);
  });
}

}  // namespace weft::engine
