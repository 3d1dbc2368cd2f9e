// Basic blocks that a tool has laid out as edited lists.
#include <algorithm>

#include "translate/list_emission.h"
#include "translate/superblock.h"

namespace weft::translate {

using x86::Kind;
using ItemKind = ListItem::Kind;

namespace {

bool is_plain(const Instruction& at) {
  return at.insn.kind == Kind::kPlain && !needs_emulation(at);
}

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

void SuperblockBuilder::go_to_item(ListEmission& emission, AppPc pc) {
  if (pc == map_pc_) return;
  // A signal that finds a thread at the list's start shows the tag.
  emission.keep_start();
  draft_.map.go_to(pc, draft_.hot.position());
  map_pc_ = pc;
}

void SuperblockBuilder::emit_transfer(const Instruction& at, AppPc named) {
  Instruction counted = at;
  counted.pc = named;
  set_counted_exits(counted);
  switch (at.insn.kind) {
    case Kind::kCondJump:
    case Kind::kLoop:
    case Kind::kXbegin:
      return mangle_conditional(draft_, at);
    case Kind::kJump: {
      UndoZone zone;
      zone.hold = true;
      const uint32_t start = draft_.hot.position();
      draft_.exit_jump(at.target());
      return draft_.map.add(at.insn.length, draft_.hot.position() - start,
                            std::span(&zone, draft_.hold ? 1 : 0));
    }
    case Kind::kCall:
      draft_.return_addresses.push_back(at.next());
      return mangle_call(draft_, at, at.target());
    case Kind::kIndirectCall:
      draft_.return_addresses.push_back(at.next());
      return mangle_indirect(draft_, at);
    case Kind::kIndirectJump:
    case Kind::kReturn:
      return mangle_indirect(draft_, at);
    case Kind::kSyscall:
      return mangle_syscall(draft_, at);
    case Kind::kInterrupt:
    case Kind::kStop:
      return copy_verbatim(draft_, at);
    case Kind::kInvalid:
      return emit_undefined(at);
    case Kind::kPlain:
    case Kind::kFarTransfer:
      return mangle_emulated(draft_, at);
  }
}

void SuperblockBuilder::emit_application(ListEmission& emission, const ListItem& item) {
  go_to_item(emission, item.translation);
  draft_.hold = draft_.hold || !emission.at_start();
  if (item.label != ListItem::kNoLabel) return emission.jump_to_label(item);
  const Instruction at = mangled_form(item);
  if (at.insn.kind == Kind::kPlain) {
    mangle_plain(draft_, at);
  } else {
    emit_transfer(at, item.translation);
  }
  map_pc_ = item.translation + at.insn.length;
}

bool SuperblockBuilder::emit_kept(ListEmission& emission, const BlockPlan& plan,
                                  const ListItem& item, const ItemPlace& place, AppPc& pc) {
  const PlannedInstruction& planned = plan.instructions[item.number];
  const Instruction& at = planned.at;
  go_to_item(emission, at.pc);
  draft_.hold = !place.interruptible && !emission.at_start();
  // What stands in front of the first instruction was emitted where the list begins.
  if (item.number != 0) {
    emit_insertions(draft_, planned.before, {}, false);
    draft_.hold = draft_.hold || (!place.interruptible && !planned.before.empty());
  }
  map_pc_ = at.next();
  if (planned.removed || !planned.replacement.empty()) {
    emit_replacement(draft_, planned);
  } else if (is_plain(at)) {
    mangle_plain(draft_, at);
  } else if (!place.ends) {
    emit_transfer(at, at.pc);
  } else if (place.checked) {
    end_checked_block(at);
  } else {
    return end_block(at, pc);
  }
  draft_.hold = true;
  emit_insertions(draft_, planned.after, {}, true);
  return false;
}

bool SuperblockBuilder::leave_list(const BlockPlan& plan, bool checked, AppPc& pc) {
  const AppPc next = plan.list->fall_through;
  constexpr AppPc kAll{~uint64_t{0}};
  draft_.set_branch(path_.empty() ? plan.tag : kAll);
  if (!checked && path_.empty()) return go_on_or_leave(next, pc);
  const bool follows = !checked && continue_ != Continue::kNo && path_at_ + 1 < path_.size() &&
                       path_[path_at_ + 1] == next && !draft_.nearly_full();
  if (follows) {
    pc = next;
  } else {
    draft_.exit_jump(next);
  }
  return follows;
}

void SuperblockBuilder::emit_list_front(const BlockPlan& plan) {
  for (const auto* additions : {&plan.anywhere, &plan.instructions.front().before}) {
    emit_insertions(draft_, *additions, {}, false);
    draft_.hold = draft_.hold || !additions->empty();
  }
}

bool SuperblockBuilder::emit_list(const BlockPlan& plan, AppPc& pc, bool checked) {
  const Continue kept = continue_;
  // Of a block with several versions each ends the superblock.
  if (is_switched()) continue_ = Continue::kNo;
  ListEmission emission(draft_, *plan.list, plan.tag);
  map_pc_ = plan.tag;
  draft_.hold = false;
  draft_.fresh = false;
  draft_.in_list = true;
  emit_list_front(plan);
  const bool goes_on = emit_items(emission, plan, pc, checked);
  emission.finish();
  draft_.hold = false;
  draft_.in_list = false;
  continue_ = kept;
  return goes_on;
}

bool SuperblockBuilder::emit_items(ListEmission& emission, const BlockPlan& plan, AppPc& pc,
                                   bool checked) {
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
      const bool goes_on = emit_kept(emission, plan, item, {ends, as_ever && repeats, checked}, pc);
      emission.note(item);
      if (ends) return goes_on;
    } else {
      as_ever = as_ever && (item.kind == ItemKind::kCall || item.kind == ItemKind::kLabel);
      emit_item(emission, item);
      emission.note(item);
    }
    reached = item.is_code() ? falls_through(plan, item) : reached || emission.is_led_to(item);
  }
  return reached && leave_list(plan, checked, pc);
}

void SuperblockBuilder::emit_item(ListEmission& emission, const ListItem& item) {
  if (item.kind == ItemKind::kApplication) return emit_application(emission, item);
  if (item.translated) go_to_item(emission, item.translation);
  emission.emit(item);
}

}  // namespace weft::translate
