// The choice is made once for all comparisons: another thread may change the word meanwhile.
#include "translate/switch.h"

#include <cstddef>

#include "translate/switch_rest.h"
#include "translate/thread_block.h"
#include "x86/scratch.h"

namespace weft::translate {

using x86::Assembler;

namespace {

constexpr uint32_t kSavedRcx = offsetof(ThreadBlock, spill_rcx);

/// Dead registers that may keep rcx.
uint16_t keepers(const FreeState& free) {
  return static_cast<uint16_t>(free.registers & ~x86::register_bit(x86::kRsp));
}

/// What was emitted since `start` comes before the next instruction. A thread at `start` itself has
/// the program's state if the code is `enterable` there.
void map_as_ours(Draft& draft, uint32_t start, bool enterable) {
  UndoZone zone;
  zone.offset = enterable ? 1 : 0;
  zone.uncuttable = true;
  draft.map.add(0, draft.hot.position() - start, std::span(&zone, 1));
}

}  // namespace

SwitchHead::Form SwitchHead::form_of(const PlannedBlock& block, const FreeState& free) {
  return free.flags && block.by.compares() ? Form::kCompare : Form::kCount;
}

bool SwitchHead::restores_rcx(const PlannedBlock& block, const FreeState& free) {
  const bool rcx_is_dead = (free.registers >> x86::kRcx & 1) != 0;
  return form_of(block, free) == Form::kCount && (rcx_is_dead || keepers(free) == 0);
}

SwitchHead::SwitchHead(Draft& draft, const PlannedBlock& block, const FreeState& free,
                       std::optional<uint32_t> first)
    : form_(form_of(block, free)) {
  const uint32_t start = draft.hot.position();
  if (form_ == Form::kCompare) {
    emit_comparison(draft, block, first);
  } else {
    emit_count(draft, block, free);
    if (first) lead_to(draft, draft.hot.jmp_rel32(), *first);
  }
  map_as_ours(draft, start, true);
}

void SwitchHead::emit_comparison(Draft& draft, const PlannedBlock& block,
                                 std::optional<uint32_t> first) {
  Assembler& out = draft.hot;
  const std::vector<Selection>& all = block.by.by;
  for (size_t i = 0; i < all.size(); ++i) {
    emit_compare(draft, all[i].selector, all[i].values.front());
    if (!first || i + 1 < all.size()) {
      rest_fields_.push_back(out.jcc_rel32(x86::kNotEqual));
      continue;
    }
    lead_to(draft, out.jcc_rel32(x86::kEqual), *first);
    rest_fields_.push_back(block.by.has_missing ? out.jmp_rel32() : 0);
  }
}

void SwitchHead::emit_count(Draft& draft, const PlannedBlock& block, const FreeState& free) {
  Assembler& out = draft.hot;
  saved_rcx_ = (free.registers >> x86::kRcx & 1) == 0;
  if (saved_rcx_) save(draft, free);
  indirect_entry_ = out.position();
  for (const Selection& each : block.by.by) {
    const int32_t value = each.values.front();
    emit_load_rcx(draft, each.selector);
    if (value != 0) out.lea_rcx(-value);
    x86::Label is_it;
    out.jrcxz(is_it);
    rest_fields_.push_back(out.jmp_rel32());
    out.bind(is_it);
  }
  restore(out);
}

void SwitchHead::save(Draft& draft, const FreeState& free) {
  const uint16_t usable = keepers(free);
  if (usable == 0) return draft.hot.mov_gs_reg(kSavedRcx, x86::kRcx);
  keeper_ = x86::choose_register(usable, usable);
  draft.hot.mov_reg_reg(keeper_, x86::kRcx);
}

void SwitchHead::restore(Assembler& out) const {
  if (!saved_rcx_) return;
  if (keeper_ == x86::kRcx) {
    out.mov_reg_gs(x86::kRcx, kSavedRcx);
  } else {
    out.mov_reg_reg(x86::kRcx, keeper_);
  }
}

void SwitchHead::emit_rest(Draft& draft, const PlannedBlock& block,
                           std::span<const uint32_t> bodies) const {
  if (block.by.has_missing) return emit_missing_rest(draft, block);
  const uint32_t start = draft.hot.position();
  draft.map.go_to(block.versions.front().tag, start);
  SwitchRest(draft, *this, block, bodies).emit();
  map_as_ours(draft, start, false);
}

void SwitchHead::emit_missing_rest(Draft& draft, const PlannedBlock& block) const {
  for (const uint32_t field : rest_fields_) {
    draft.to_cold(field, draft.cold.position());
  }
  restore(draft.cold);
  Instrumenter& maker = *block.versions.back().missing;
  emit_missing(draft, maker.missing_site(block, draft.tool_data));
}

}  // namespace weft::translate
