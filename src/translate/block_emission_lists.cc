// Basic blocks that a tool has laid out as edited lists.
#include <utility>
#include <vector>

#include "translate/block_emission.h"
#include "translate/instrument.h"
#include "translate/list_emission.h"

namespace weft::translate {

using x86::Kind;
using ItemKind = ListItem::Kind;

namespace {

/// Whether an instruction that transfers control may go on with the next item.
bool may_fall_through(const x86::Insn& insn) {
  return insn.kind == Kind::kCondJump || insn.kind == Kind::kLoop || insn.kind == Kind::kXbegin ||
         insn.kind == Kind::kInterrupt;
}

/// Whether control may come from the item to the next one.
bool falls_through(const BlockPlan& plan, const ListItem& item) {
  switch (item.kind) {
    case ItemKind::kKept: {
      const Instruction& at = plan.instructions[item.number].at;
      return is_plain(at) || may_fall_through(at.insn);
    }
    case ItemKind::kApplication:
      return item.insn.kind == Kind::kPlain || may_fall_through(item.insn);
    case ItemKind::kInserted:
      return item.insn.kind != Kind::kJump && item.insn.kind != Kind::kIndirectJump &&
             item.insn.kind != Kind::kReturn;
    default:
      return true;
  }
}

}  // namespace

void BlockEmission::go_to_item(ListEmission& emission, AppPc pc) {
  if (pc == draft_.map_pc) return;
  // A signal that finds a thread at the list's start shows the tag.
  emission.keep_start();
  draft_.go_to(pc);
  draft_.map_pc = pc;
}

void BlockEmission::emit_application(ListEmission& emission, const ListItem& item) {
  go_to_item(emission, item.translation);
  draft_.hold = draft_.hold || !emission.at_start();
  if (item.label != ListItem::kNoLabel) return emission.jump_to_label(item);
  const Instruction at = mangled_form(item);
  if (at.insn.kind == Kind::kPlain) {
    mangle_plain(draft_, at);
  } else {
    end_.emit_in_list(at, item.translation);
  }
  draft_.map_pc = item.translation + at.insn.length;
}

std::optional<AppPc> BlockEmission::emit_kept(ListEmission& emission, const BlockPlan& plan,
                                              const ListItem& item, const ItemPlace& place) {
  const PlannedInstruction& planned = plan.instructions[item.number];
  const Instruction& at = planned.at;
  go_to_item(emission, at.pc);
  draft_.hold = !place.interruptible && !emission.at_start();
  // What stands in front of the first instruction was emitted where the list begins.
  if (item.number != 0) {
    emit_insertions(draft_, planned.before, {}, false);
    draft_.hold = draft_.hold || (!place.interruptible && !planned.before.empty());
  }
  draft_.map_pc = at.next();
  if (planned.removed || !planned.replacement.empty()) {
    emit_replacement(draft_, planned);
  } else if (is_plain(at)) {
    mangle_plain(draft_, at);
  } else if (!place.ends) {
    end_.emit_in_list(at, at.pc);
  } else {
    return end_.emit(at);
  }
  draft_.hold = true;
  emit_insertions(draft_, planned.after, {}, true);
  return std::nullopt;
}

std::optional<AppPc> BlockEmission::leave_list(const BlockPlan& plan) {
  const AppPc next = plan.list->fall_through;
  draft_.set_branch(policy_.counted_from_list(plan.tag));
  if (!policy_.is_trace()) return end_.go_on_or_leave(next);
  if (policy_.list_goes_on_at(next)) return next;
  draft_.exit_jump(next);
  return std::nullopt;
}

void BlockEmission::emit_list_front(const BlockPlan& plan) {
  for (const auto* additions : {&plan.anywhere, &plan.instructions.front().before}) {
    emit_insertions(draft_, *additions, {}, false);
    draft_.hold = draft_.hold || !additions->empty();
  }
}

std::optional<AppPc> BlockEmission::emit_list(const BlockPlan& plan) {
  using Continue = PathPolicy::Continue;
  const Continue kept = policy_.set_continue(Continue::kNo);
  // Of a block with several versions each ends the fragment.
  if (!policy_.is_switched()) policy_.set_continue(kept);
  ListEmission emission(draft_, *plan.list, plan.tag);
  draft_.map_pc = plan.tag;
  draft_.hold = false;
  draft_.fresh = false;
  draft_.in_list = true;
  emit_list_front(plan);
  const std::optional<AppPc> next = emit_items(emission, plan);
  emission.finish();
  draft_.hold = false;
  draft_.in_list = false;
  policy_.set_continue(kept);
  return next;
}

std::optional<AppPc> BlockEmission::emit_items(ListEmission& emission, const BlockPlan& plan) {
  const std::vector<ListItem>& items = plan.list->items;
  bool reached = true;  // the item, from the one before it
  bool as_ever = true;  // the program's instructions alone so far, with calls at most
  uint32_t in_order = 0;
  for (size_t i = 0; i < emission.end(); ++i) {
    const ListItem& item = items[i];
    draft_.hold = draft_.hold || !emission.at_start();
    if (item.kind == ItemKind::kKept) {
      const Instruction& at = plan.instructions[item.number].at;
      as_ever = as_ever && item.number == in_order++;
      const bool ends = i + 1 == emission.end() && !is_plain(at);
      const bool repeats = at.insn.rep || at.insn.repne;
      const auto next = emit_kept(emission, plan, item, {ends, as_ever && repeats});
      emission.note(item);
      if (ends) return next;
    } else {
      as_ever = as_ever && (item.kind == ItemKind::kCall || item.kind == ItemKind::kLabel);
      emit_item(emission, item);
      emission.note(item);
    }
    reached = item.is_code() ? falls_through(plan, item) : reached || emission.is_led_to(item);
  }
  return reached ? leave_list(plan) : std::nullopt;
}

void BlockEmission::emit_item(ListEmission& emission, const ListItem& item) {
  if (item.kind == ItemKind::kApplication) return emit_application(emission, item);
  if (item.translated) go_to_item(emission, item.translation);
  emission.emit(item);
}

}  // namespace weft::translate
