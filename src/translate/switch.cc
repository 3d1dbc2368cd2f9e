// The choice is made once for all comparisons: another thread may change the word meanwhile.
#include "translate/switch.h"

#include <bit>
#include <cstddef>

#include "translate/thread_block.h"

namespace weft::translate {

using x86::Assembler;

namespace {

constexpr uint32_t kSavedRcx = offsetof(ThreadBlock, spill_rcx);
constexpr uint8_t kEqual = 4;
constexpr uint8_t kNotEqual = 5;

void emit_compare(Draft& draft, const Word& word, int32_t value) {
  if (word.per_thread) {
    draft.hot.cmp_gs_imm32(tool_word_offset(word.index), value);
  } else {
    draft.to_address(draft.hot.cmp_rip_imm32(value), word.address, sizeof value);
  }
}

void emit_load_rcx(Draft& draft, const Word& word) {
  if (word.per_thread) {
    draft.hot.mov_reg_gs(x86::kRcx, tool_word_offset(word.index));
  } else {
    draft.to_address(draft.hot.mov_reg_rip(x86::kRcx), word.address, 0);
  }
}

/// Dead registers that may keep rcx.
unsigned keepers(const FreeState& free) { return free.registers & ~(1u << x86::kRsp); }

void lead_to(Draft& draft, uint32_t field, uint32_t target) {
  draft.fixups.push_back(
      {cache::Fixup::Where::kHot, cache::Fixup::Kind::kHotRelative, 0, field, target});
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
  return free.flags && block.by.one_reading() ? Form::kCompare : Form::kCount;
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
  emit_compare(draft, block.by.selector, block.by.values.front());
  if (!first) {
    rest_field_ = out.jcc_rel32(kNotEqual);
    return;
  }
  lead_to(draft, out.jcc_rel32(kEqual), *first);
  if (block.by.has_missing) rest_field_ = out.jmp_rel32();
}

void SwitchHead::emit_count(Draft& draft, const PlannedBlock& block, const FreeState& free) {
  Assembler& out = draft.hot;
  const int32_t value = block.by.values.front();
  saved_rcx_ = (free.registers >> x86::kRcx & 1) == 0;
  if (saved_rcx_) save(draft, free);
  indirect_entry_ = out.position();
  emit_load_rcx(draft, block.by.selector);
  if (value != 0) out.lea_rcx(-value);
  const uint8_t jrcxz_over_jump[] = {0xE3, 5};
  out.bytes(jrcxz_over_jump, sizeof jrcxz_over_jump);
  rest_field_ = out.jmp_rel32();
  restore(out);
}

void SwitchHead::save(Draft& draft, const FreeState& free) {
  const unsigned usable = keepers(free);
  if (usable == 0) return draft.hot.mov_gs_reg(kSavedRcx, x86::kRcx);
  keeper_ = static_cast<x86::Reg>(std::countr_zero(usable));
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
  if (rest_field_ != 0) lead_to(draft, rest_field_, start);
  if (form_ == Form::kCompare) {
    emit_rest_by_comparing(draft, block, bodies);
  } else {
    emit_rest_by_counting(draft, block, bodies);
  }
  map_as_ours(draft, start, false);
}

void SwitchHead::emit_missing_rest(Draft& draft, const PlannedBlock& block) const {
  draft.fixups.push_back({cache::Fixup::Where::kHot, cache::Fixup::Kind::kColdRelative, 0,
                          rest_field_, draft.cold.position()});
  restore(draft.cold);
  Instrumenter& maker = *block.versions.back().missing;
  emit_missing(draft, maker.missing_site(block, draft.tool_data));
}

void SwitchHead::emit_rest_by_comparing(Draft& draft, const PlannedBlock& block,
                                        std::span<const uint32_t> bodies) const {
  for (size_t i = 1; i < block.by.values.size(); ++i) {
    emit_compare(draft, block.by.selector, block.by.values[i]);
    lead_to(draft, draft.hot.jcc_rel32(kEqual), bodies[i]);
  }
  lead_to(draft, draft.hot.jmp_rel32(), bodies.back());
}

/// rcx holds the word less the value that was compared last.
void SwitchHead::emit_rest_by_counting(Draft& draft, const PlannedBlock& block,
                                       std::span<const uint32_t> bodies) const {
  Assembler& out = draft.hot;
  for (size_t i = 1; i < block.by.values.size(); ++i) {
    out.lea_rcx(block.by.values[i - 1] - block.by.values[i]);
    const uint8_t jrcxz_else[] = {0xE3, 2, 0xEB, 0};
    out.bytes(jrcxz_else, sizeof jrcxz_else);
    const uint32_t hit = out.position();
    restore(out);
    lead_to(draft, out.jmp_rel32(), bodies[i]);
    out.patch_u8(hit - 1, static_cast<uint8_t>(out.position() - hit));
  }
  restore(out);
  lead_to(draft, out.jmp_rel32(), bodies.back());
}

}  // namespace weft::translate
