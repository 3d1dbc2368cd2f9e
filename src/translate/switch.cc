// The choice is made once for all comparisons: another thread may change the word meanwhile.
#include "translate/switch.h"

#include <bit>
#include <cstddef>

#include "translate/thread_block.h"

namespace weft::translate {
namespace {

constexpr uint32_t kSavedRcx = offsetof(ThreadBlock, tool_spill);
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

SwitchHead::SwitchHead(Draft& draft, const PlannedBlock& block, const FreeState& free) {
  x86::Assembler& out = draft.hot;
  const uint32_t start = out.position();
  const Word& word = block.by.selector;
  const int32_t first = block.by.values.front();
  // One comparison is one reading of the word; of its own word only the thread itself is a writer.
  const bool compares = free.flags && (word.per_thread || block.by.values.size() == 1);
  form_ = compares ? Form::kCompare : Form::kCount;
  if (compares) {
    emit_compare(draft, word, first);
    rest_field_ = out.jcc_rel32(kNotEqual);
  } else {
    saved_rcx_ = (free.registers >> x86::kRcx & 1) == 0;
    if (saved_rcx_) save(draft, free);
    emit_load_rcx(draft, word);
    if (first != 0) out.lea_rcx(-first);
    const uint8_t jrcxz_over_jump[] = {0xE3, 5};
    out.bytes(jrcxz_over_jump, sizeof jrcxz_over_jump);
    rest_field_ = out.jmp_rel32();
    restore(draft);
  }
  map_as_ours(draft, start, true);
}

void SwitchHead::save(Draft& draft, const FreeState& free) {
  const unsigned usable = free.registers & ~(1u << x86::kRsp);
  if (usable == 0) return draft.hot.mov_gs_reg(kSavedRcx, x86::kRcx);
  keeper_ = static_cast<x86::Reg>(std::countr_zero(usable));
  draft.hot.mov_reg_reg(keeper_, x86::kRcx);
}

void SwitchHead::restore(Draft& draft) const {
  if (!saved_rcx_) return;
  if (keeper_ == x86::kRcx) {
    draft.hot.mov_reg_gs(x86::kRcx, kSavedRcx);
  } else {
    draft.hot.mov_reg_reg(x86::kRcx, keeper_);
  }
}

void SwitchHead::go_to_first(Draft& draft, uint32_t body) {
  const uint32_t start = draft.hot.position();
  lead_to(draft, draft.hot.jmp_rel32(), body);
  map_as_ours(draft, start, false);
}

void SwitchHead::emit_rest(Draft& draft, const PlannedBlock& block,
                           std::span<const uint32_t> bodies) const {
  const uint32_t start = draft.hot.position();
  draft.map.go_to(block.versions.front().tag, start);
  lead_to(draft, rest_field_, start);
  if (form_ == Form::kCompare) {
    emit_rest_by_comparing(draft, block, bodies);
  } else {
    emit_rest_by_counting(draft, block, bodies);
  }
  map_as_ours(draft, start, false);
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
  x86::Assembler& out = draft.hot;
  for (size_t i = 1; i < block.by.values.size(); ++i) {
    out.lea_rcx(block.by.values[i - 1] - block.by.values[i]);
    const uint8_t jrcxz_else[] = {0xE3, 2, 0xEB, 0};
    out.bytes(jrcxz_else, sizeof jrcxz_else);
    const uint32_t hit = out.position();
    restore(draft);
    lead_to(draft, out.jmp_rel32(), bodies[i]);
    out.patch_u8(hit - 1, static_cast<uint8_t>(out.position() - hit));
  }
  restore(draft);
  lead_to(draft, out.jmp_rel32(), bodies.back());
}

}  // namespace weft::translate
