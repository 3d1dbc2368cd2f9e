#include "translate/draft.h"

#include <cstddef>
#include <cstring>

#include "translate/thread_block.h"

namespace weft::translate {

using cache::Fixup;

Draft::Draft(const Environment& env)
    : environment(env), hot(std::span(hot_bytes_)), cold(std::span(cold_bytes_)) {
  clear();
}

void Draft::clear() {
  hot.clear();
  cold.clear();
  map.clear();
  map_pc = {};
  fixups.clear();
  exits.clear();
  entries.clear();
  past_choices.clear();
  constituents.clear();
  constants.clear();
  landings.clear();
  thunks.clear();
  hold = false;
  fresh = false;
  in_list = false;
  const std::atomic<bool>* later = environment.pairs_returns;
  pairs_returns = environment.indirect == IndirectMode::kShadow &&
                  (environment.returns == ReturnMode::kPaired ||
                   (later != nullptr && later->load(std::memory_order_relaxed)));
  choice = 0;
  choice_floor = {};
  entry_choice = 0;
  tool_data.reset();
  branch_ = {};
  return_addresses.clear();
}

bool Draft::nearly_full() const {
  return hot.position() + kReserve > kHotCapacity || cold.position() + kReserve > kColdCapacity;
}

void Draft::add_exit(uint32_t site, AppPc target) {
  end_exit(site, cold.position(), target, false);
}

void Draft::end_exit(uint32_t site, uint32_t stub, AppPc target, bool calls) {
  cold.mov_gs_imm32(offsetof(ThreadBlock, exit_id), 0);
  fixups.push_back(
      {Fixup::Where::kCold, Fixup::Kind::kExitId, 0, cold.position() - 4, exits.size()});
  const uint32_t field = cold.jmp_rel32();
  // A loop, to the front of which a trace may be worth its while.
  const bool counted = environment.traces && target <= branch_;
  const CachePc routine = counted ? environment.routines.head_exit : environment.routines.link_exit;
  cold_to_routine(field, routine);
  const uint8_t known = target > choice_floor ? choice : uint8_t{0};
  exits.push_back({site, stub, target, counted, known, calls});
}

void Draft::exit_jump(AppPc target) {
  hot.align_patch_field(1);
  add_exit(hot.jmp_rel32(), target);
}

void Draft::exit_call(AppPc target) {
  using cache::CallExit;
  hot.align_patch_field(1);
  const uint32_t site = hot.call_rel32();
  cold.align_patch_field(CallExit::kField);
  const uint32_t stub = cold.position();
  cold.lea_rsp(8);
  const uint32_t field = cold.jmp_rel32();
  DCHECK(field == stub + CallExit::kField && cold.position() == stub + CallExit::kUnlinked);
  end_exit(site, stub, target, true);
}

void Draft::exit_condition(uint8_t condition, AppPc target) {
  hot.align_patch_field(2);
  add_exit(hot.jcc_rel32(condition), target);
}

void Draft::to_routine(uint32_t offset, CachePc routine) {
  fixups.push_back({Fixup::Where::kHot, Fixup::Kind::kRelative, 0, offset, routine.value});
}

void Draft::to_address(uint32_t offset, uint64_t address, uint8_t trailing) {
  fixups.push_back({Fixup::Where::kHot, Fixup::Kind::kRelative, trailing, offset, address});
}

void Draft::to_hot(uint32_t offset, uint32_t place) {
  fixups.push_back({Fixup::Where::kHot, Fixup::Kind::kHotRelative, 0, offset, place});
}

void Draft::to_cold(uint32_t offset, uint32_t place) {
  fixups.push_back({Fixup::Where::kHot, Fixup::Kind::kColdRelative, 0, offset, place});
}

void Draft::cold_to_routine(uint32_t offset, CachePc routine) {
  fixups.push_back({Fixup::Where::kCold, Fixup::Kind::kRelative, 0, offset, routine.value});
}

void Draft::cold_to_address(uint32_t offset, uint64_t address, uint8_t trailing) {
  fixups.push_back({Fixup::Where::kCold, Fixup::Kind::kRelative, trailing, offset, address});
}

void Draft::cold_to_hot(uint32_t offset, uint32_t place, uint8_t trailing) {
  fixups.push_back({Fixup::Where::kCold, Fixup::Kind::kHotRelative, trailing, offset, place});
}

void Draft::cold_to_cold(uint32_t offset, uint32_t place) {
  fixups.push_back({Fixup::Where::kCold, Fixup::Kind::kColdRelative, 0, offset, place});
}

void Draft::to_literal(uint32_t offset, AppPc value) {
  // Aligned, so that the load never straddles two cache lines.
  cold.align_with_traps(8);
  to_cold(offset, cold.position());
  cold.u64(value.value);
}

bool Draft::reaches(uint64_t address) const {
  constexpr int64_t kMargin = 64;
  const auto from_low = static_cast<int64_t>(address - environment.code_low) + kMargin;
  const auto from_high = static_cast<int64_t>(address - environment.code_high) - kMargin;
  return from_low <= INT32_MAX && from_high >= INT32_MIN;
}

cache::FragmentSpec Draft::spec(cache::FragmentKind kind) const {
  cache::FragmentSpec spec;
  spec.kind = kind;
  spec.hot = hot.code();
  spec.cold = cold.code();
  spec.fixups = fixups;
  spec.exits = exits;
  spec.entries = entries;
  spec.past_choices = past_choices;
  spec.landings = landings;
  spec.constituents = constituents;
  spec.state_map = map.bytes();
  spec.tool_data = tool_data.get();
  spec.choice = entry_choice;
  return spec;
}

}  // namespace weft::translate
