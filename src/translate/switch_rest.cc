#include "translate/switch_rest.h"

#include <algorithm>
#include <cstddef>

#include "cache/part.h"
#include "translate/thread_block.h"

namespace weft::translate {

using x86::Assembler;

namespace {

/// What was read of a shared word, for the length of one choice.
constexpr uint32_t kCopy = offsetof(ThreadBlock, spill);

}  // namespace

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

void lead_to(Draft& draft, uint32_t field, uint32_t target) { draft.to_hot(field, target); }

void SwitchRest::emit() {
  const std::vector<uint32_t>& fields = head_.rest_fields_;
  if (by_.by.size() > 1 && !by_.is_whole()) {
    for (const uint32_t field : fields) lead_to(draft_, field, draft_.hot.position());
    return emit_parts();
  }
  // The last one first: it is what comes next, if one does.
  for (size_t i = fields.size(); i-- > 0;) steps_.push_back({fields[i], i, 1, 0});
  for (size_t i = 0; i < steps_.size(); ++i) emit(Step(steps_[i]));
}

void SwitchRest::emit(const Step& step) {
  if (step.field != 0) lead_to(draft_, step.field, draft_.hot.position());
  if (step.from == 0 && counts()) emit_load_rcx(draft_, selection(step).selector);
  const size_t left = selection(step).values.size() - step.from;
  if (left > Selection::kMostInARow && counts()) {
    emit_search(step);
  } else {
    emit_in_a_row(step);
  }
}

void SwitchRest::emit_in_a_row(const Step& step) {
  const std::vector<int32_t>& values = selection(step).values;
  for (size_t i = step.from; i < values.size(); ++i) {
    emit_test(step, values[i], i, i == 0 ? 0 : values[i - 1]);
  }
  emit_default(step);
}

void SwitchRest::emit_test(const Step& step, int32_t value, size_t index, int32_t last) {
  Assembler& out = draft_.hot;
  if (!counts()) {
    emit_compare(draft_, selection(step).selector, value);
    return decide(step, index, out.jcc_rel32(x86::kEqual));
  }
  if (step.from != 0 || value != last) out.lea_rcx(last - value);
  x86::Label is_it;
  x86::Label is_not;
  out.jrcxz(is_it);
  out.jmp(is_not);
  out.bind(is_it);
  if (step.selection + 1 == by_.by.size()) head_.restore(out);
  decide(step, index, out.jmp_rel32());
  out.bind(is_not);
}

void SwitchRest::emit_default(const Step& step) {
  if (!by_.is_whole()) return emit_parts();
  if (counts() && step.selection + 1 == by_.by.size()) head_.restore(draft_.hot);
  decide(step, selection(step).values.size(), draft_.hot.jmp_rel32());
}

void SwitchRest::decide(const Step& step, size_t index, uint32_t field) {
  const size_t version = step.base + index * by_.stride(step.selection);
  if (step.selection + 1 == by_.by.size()) return lead_to(draft_, field, bodies_[version]);
  steps_.push_back({field, step.selection + 1, 0, version});
}

void SwitchRest::emit_search(const Step& step) {
  const Word& word = selection(step).selector;
  const std::vector<int32_t>& values = selection(step).values;
  uint32_t copy = kCopy;
  if (word.per_thread) {
    copy = tool_word_offset(word.index);
  } else {
    if (step.from != 0) draft_.hot.lea_rcx(values[step.from - 1]);
    draft_.hot.mov_gs_reg(copy, x86::kRcx);
  }
  std::vector<Sought> sought;
  for (size_t i = step.from; i < values.size(); ++i) sought.push_back({values[i], i});
  std::sort(sought.begin(), sought.end(),
            [](const Sought& one, const Sought& other) { return one.value < other.value; });
  constexpr size_t kGroup = 4;
  std::vector<int32_t> starts;
  for (size_t i = 0; i < sought.size(); i += kGroup) starts.push_back(sought[i].value);
  emit_halves(copy, starts, 0, starts.size(), [&](size_t group) {
    draft_.hot.mov_reg_gs(x86::kRcx, copy);
    int32_t last = 0;
    const size_t end = std::min(sought.size(), (group + 1) * kGroup);
    for (size_t i = group * kGroup; i < end; ++i) {
      emit_test(step, sought[i].value, sought[i].index, last);
      last = sought[i].value;
    }
    emit_default(step);
  });
}

void SwitchRest::emit_halves(uint32_t offset, const std::vector<int32_t>& starts, size_t low,
                             size_t high, const std::function<void(size_t)>& leaf) {
  Assembler& out = draft_.hot;
  if (low + 1 == high) return leaf(low);
  const size_t middle = low + (high - low) / 2;
  out.mov_reg_gs(x86::kRcx, offset);
  out.lea_rcx(-starts[middle]);
  // The uppermost byte is 0 if and only if the difference is not negative, of a value as versions
  // have it; what becomes of other ones does not matter.
  out.top_byte_of_rcx();
  x86::Label is_not_below;
  out.jrcxz(is_not_below);
  const uint32_t below = out.jmp_rel32();
  out.bind(is_not_below);
  emit_halves(offset, starts, middle, high, leaf);
  lead_to(draft_, below, out.position());
  emit_halves(offset, starts, low, middle, leaf);
}

void SwitchRest::emit_parts() {
  const Parts& parts = by_.parts;
  uint32_t copy = tool_word_offset(parts.selector.index);
  if (!parts.selector.per_thread) {
    copy = tool_word_offset(parts.copy.index);
    emit_load_rcx(draft_, parts.selector);
    draft_.hot.mov_gs_reg(copy, x86::kRcx);
  }
  std::vector<int32_t> starts;
  for (const Parts::Start& each : parts.starts) starts.push_back(each.from);
  // No loop: what leads to a part is a choice.
  draft_.set_branch({});
  emit_halves(copy, starts, 0, starts.size(), [&](size_t range) {
    head_.restore(draft_.hot);
    draft_.exit_jump(cache::part_of_block(block_.versions.front().tag, parts.starts[range].part));
  });
}

}  // namespace weft::translate
