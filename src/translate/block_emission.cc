#include "translate/block_emission.h"

#include <algorithm>
#include <vector>

#include "translate/instrument.h"

namespace weft::translate {
namespace {

/// What is dead in front of instruction `index`, as far as it is of use to `insertions`.
FreeState free_for(const std::vector<Insertion>& insertions, const BlockPlan& plan, size_t index) {
  const bool any = std::any_of(insertions.begin(), insertions.end(),
                               [](const Insertion& each) { return each.wants_free(); });
  if (!any) return {};
  FreeState free{plan.flags_dead_before(index), 0};
  const bool wanted =
      !free.flags || std::any_of(insertions.begin(), insertions.end(),
                                 [](const Insertion& each) { return each.wants_registers(); });
  if (wanted) free.registers = plan.registers_dead_before(index);
  return free;
}

}  // namespace

BlockEmission::BlockEmission(Draft& draft, Layout& layout, PathPolicy& policy, BlockEnd& end)
    : draft_(draft), layout_(layout), policy_(policy), end_(end) {}

std::optional<AppPc> BlockEmission::emit(DecodedBlock& block) {
  const uint32_t number = block_number();
  layout_.add_block(block.range());
  const Instruction& last = block.instructions.back();
  for (const Instruction& at : block.instructions) {
    layout_.add(at.pc, draft_.hot.position(), number);
    if (&at == &last && !is_plain(at)) {
      draft_.map_pc = at.next();
      return end_.emit(at);
    }
    mangle_plain(draft_, at);
    if (!draft_.nearly_full()) continue;
    block.instructions.resize(static_cast<size_t>(&at - block.instructions.data()) + 1);
    break;
  }
  draft_.map_pc = block.end();
  draft_.exit_jump(block.end());
  return std::nullopt;
}

std::optional<AppPc> BlockEmission::emit(const BlockPlan& plan) {
  const uint32_t number = block_number();
  layout_.add_block(plan.range());
  if (plan.list) {
    layout_.add(plan.tag, draft_.hot.position(), number);
    return emit_list(plan);
  }
  std::optional<AppPc> next;
  for (size_t i = 0; i < plan.instructions.size(); ++i) {
    const Instruction& at = plan.instructions[i].at;
    layout_.add(at.pc, draft_.hot.position(), number);
    next = emit_planned(plan, i);
  }
  return next;
}

std::optional<AppPc> BlockEmission::emit_again(const BlockPlan& plan) {
  if (plan.list) return emit_list(plan);
  std::optional<AppPc> next;
  for (size_t i = 0; i < plan.instructions.size(); ++i) next = emit_planned(plan, i);
  return next;
}

std::optional<AppPc> BlockEmission::emit_planned(const BlockPlan& plan, size_t index) {
  const PlannedInstruction& item = plan.instructions[index];
  const Instruction& at = item.at;
  draft_.map_pc = at.next();
  if (!item.before.empty()) {
    emit_insertions(draft_, item.before, free_for(item.before, plan, index), false);
  }
  // A signal that is not the program's own doing waits for the block's end, so that what a block
  // counts for all of itself is right; not while a string operation is repeated.
  const bool repeats = at.insn.rep || at.insn.repne;
  const bool alone = index == 0 && item.before.empty() && item.after.empty();
  draft_.hold = !alone && !repeats;
  draft_.fresh = item.before.empty();
  std::optional<AppPc> next;
  const bool plain = is_plain(at);
  if (item.removed || !item.replacement.empty()) {
    emit_replacement(draft_, item);
  } else if (plain) {
    mangle_plain(draft_, at);
  } else {
    next = end_.emit(at);
  }
  draft_.hold = true;
  if (!item.after.empty()) {
    emit_insertions(draft_, item.after, free_for(item.after, plan, index + 1), true);
  }
  draft_.hold = index + 1 < plan.instructions.size();
  if (plain && !draft_.hold) draft_.exit_jump(at.next());
  return next;
}

}  // namespace weft::translate
