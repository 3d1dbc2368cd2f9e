// Basic blocks that tools are shown before they are emitted.
#include <algorithm>

#include "translate/superblock.h"

namespace weft::translate {

using x86::Kind;

void SuperblockBuilder::plan_block(AppPc pc, size_t limit) {
  plan_.tag = pc;
  plan_.instructions.clear();
  plan_.anywhere.clear();
  Instruction at;
  // Checked code is entered by its check.
  while (plan_.instructions.size() < limit && fetch(pc, at) && !readable_.checked) {
    plan_.instructions.emplace_back().at = at;
    if (at.insn.ends_block() || needs_emulation(at)) return;
    pc = at.next();
    if (mark_of(pc) != nullptr) return;
  }
}

bool SuperblockBuilder::plan_fits() {
  return draft_.hot.position() + plan_.size_bound() + Draft::kReserve <= Draft::kHotCapacity &&
         !draft_.nearly_full();
}

bool SuperblockBuilder::add_planned_block(AppPc& pc) {
  const AppPc tag = pc;
  const uint64_t generation = marks_.empty() ? head_generation_ : cache_.generation(tag);
  constexpr size_t kLongestBlock = 128;
  for (size_t limit = kLongestBlock;; limit /= 2) {
    CHECK(limit != 0);  // one instruction with all that a tool may insert fits
    plan_block(pc, limit);
    if (plan_.instructions.empty()) {
      // The fault comes when the program gets here, not before.
      if (!marks_.empty()) draft_.exit_jump(pc);
      return false;
    }
    instrumenter_->instrument(plan_, draft_.tool_data);
    plan_.settle();
    if (plan_fits()) break;
    if (!marks_.empty()) {
      draft_.exit_jump(pc);
      return false;
    }
  }
  if (pc != map_pc_) draft_.map.go_to(pc, draft_.hot.position());
  const AppPc end = plan_.range().end;
  bool goes_on = false;
  for (size_t i = 0; i < plan_.instructions.size(); ++i) goes_on = emit_planned(i, pc, false);
  draft_.constituents.push_back({tag, {tag, end}, generation});
  return goes_on;
}

bool SuperblockBuilder::emit_planned(size_t index, AppPc& pc, bool checked) {
  PlannedInstruction& item = plan_.instructions[index];
  const Instruction& at = item.at;
  const auto block = static_cast<uint32_t>(draft_.constituents.size());
  marks_.push_back({at.pc, draft_.hot.position(), block});
  covered_ = {std::min(covered_.start, at.pc), std::max(covered_.end, at.next())};
  map_pc_ = at.next();
  if (!item.before.empty()) {
    emit_insertions(draft_, item.before, plan_.free_before(index), false);
  }
  // A signal that is not the program's own doing waits for the block's end, so that what a block
  // counts for all of itself is right; not while a string operation is repeated.
  const bool repeats = at.insn.rep || at.insn.repne;
  draft_.hold = (index > 0 || !item.before.empty()) && !repeats;
  bool goes_on = false;
  const bool plain = at.insn.kind == Kind::kPlain && !needs_emulation(at);
  if (item.removed || !item.replacement.empty()) {
    emit_replacement(draft_, item);
  } else if (plain) {
    mangle_plain(draft_, at);
  } else if (checked) {
    end_checked_block(at);
  } else {
    goes_on = end_block(at, pc);
  }
  draft_.hold = true;
  if (!item.after.empty()) {
    emit_insertions(draft_, item.after, plan_.free_before(index + 1), true);
  }
  draft_.hold = index + 1 < plan_.instructions.size();
  if (plain && !draft_.hold) draft_.exit_jump(at.next());
  return goes_on;
}

void SuperblockBuilder::emit_checked_plan(AppPc tag, size_t size, size_t available) {
  plan_.tag = tag;
  plan_.instructions.clear();
  plan_.anywhere.clear();
  Instruction at;
  for (size_t offset = 0; offset < size && decode_copy(tag, offset, available, at);
       offset += at.insn.length) {
    plan_.instructions.emplace_back().at = at;
  }
  instrumenter_->instrument(plan_, draft_.tool_data);
  plan_.settle();
  CHECK(plan_fits());
  AppPc unused = tag;
  for (size_t i = 0; i < plan_.instructions.size(); ++i) emit_planned(i, unused, true);
}

}  // namespace weft::translate
