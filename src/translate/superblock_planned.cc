// Basic blocks that tools are shown before they are emitted.
#include <algorithm>
#include <cstring>
#include <utility>

#include "translate/superblock.h"

namespace weft::translate {

using x86::Kind;

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

BlockPlan& SuperblockBuilder::begin_plan(AppPc tag) {
  block_.versions.resize(1);
  block_.by = {};
  block_.part = part_;
  BlockPlan& plan = block_.versions.front();
  plan.tag = tag;
  plan.instructions.clear();
  plan.list.reset();
  plan.anywhere.clear();
  block_.use = PlanUse::kTrace;
  if (path_.empty()) {
    const bool is_probe = environment_.indirect == IndirectMode::kDispatch;
    block_.use = is_probe ? PlanUse::kProbe : PlanUse::kBlock;
  }
  return plan;
}

void SuperblockBuilder::decode_block(AppPc pc, size_t limit) {
  BlockPlan& plan = begin_plan(pc);
  const size_t most = limit * x86::kLongestInstruction;
  if (block_.source.size() < most) block_.source.resize(most);
  uint8_t* kept = block_.source.data();
  Instruction at;
  const bool whole = !path_.empty() || instrumenter_->wants_whole_blocks();
  // Checked code is entered by its check.
  while (plan.instructions.size() < limit && fetch(pc, at) && !readable_.checked) {
    std::memcpy(kept, at.bytes, at.insn.code_length());
    at.bytes = kept;
    kept += at.insn.code_length();
    plan.instructions.emplace_back().at = at;
    if (at.insn.ends_block() || needs_emulation(at)) return;
    pc = at.next();
    if (!whole && mark_of(pc) != nullptr) return;
  }
}

bool SuperblockBuilder::plan_fits() {
  constexpr auto kFollow = 192u;  // how a trace goes on by an indirect branch
  const auto versions = static_cast<uint32_t>(block_.versions.size());
  SizeBound first = block_.versions.front().size_bound();
  const SizeBound all = block_.size_bound(first);
  const uint32_t hot = all.hot + (path_.empty() ? 0 : kFollow * versions);
  further_ = {hot - first.hot, all.cold - first.cold};
  return draft_.hot.position() + pending_.hot + hot + Draft::kReserve <= Draft::kHotCapacity &&
         draft_.cold.position() + pending_.cold + all.cold + Draft::kReserve <=
             Draft::kColdCapacity;
}

template <typename Plan>
void SuperblockBuilder::plan_in_parts(Plan plan) {
  while (!plan_fits()) {
    CHECK(block_.is_switched());
    uint32_t& most = block_.most_versions;
    if (block_.by.is_whole()) most = std::min(most, static_cast<uint32_t>(block_.versions.size()));
    most = std::max(most / 2, 1u);
    plan();
  }
}

bool SuperblockBuilder::plan_block(AppPc pc) {
  constexpr size_t kLongestBlock = 128;
  block_.most_versions = PlannedBlock::kMostVersions;
  for (size_t limit = kLongestBlock; limit != 0; limit /= 2) {
    decode_block(pc, limit);
    // The fault comes when the program gets here, not before.
    if (block_.versions.front().instructions.empty()) return false;
    instrumenter_->instrument(block_, draft_.tool_data);
    block_.settle();
    if (!marks_.empty()) return plan_fits() && block_.by == by_;
    if (plan_fits()) return true;
  }
  plan_in_parts([&] {
    decode_block(pc, 1);
    instrumenter_->instrument(block_, draft_.tool_data);
    block_.settle();
  });
  return true;
}

bool SuperblockBuilder::add_planned_block(AppPc& pc) {
  const AppPc tag = pc;
  const uint64_t generation = generation_before(tag);
  if (!plan_block(pc)) {
    if (!marks_.empty()) draft_.exit_jump(pc);
    return false;
  }
  if (marks_.empty() && block_.is_switched()) begin_switched();
  if (pc != map_pc_) draft_.map.go_to(pc, draft_.hot.position());
  const AppPc end = block_.versions.front().range().end;
  path_at_ = draft_.constituents.size();
  const bool goes_on = emit_first_version(pc, false);
  draft_.constituents.push_back({tag, {tag, end}, generation});
  return is_switched() ? end_switched_block(goes_on, pc) : goes_on;
}

bool SuperblockBuilder::emit_first_version(AppPc& pc, bool checked) {
  if (marks_.empty() && block_.is_switched()) {
    if (checked) by_ = block_.by;
    emit_switched_head();
  }
  const auto number = static_cast<uint32_t>(draft_.constituents.size());
  if (is_switched()) {
    chain_.emplace_back().bodies.push_back(draft_.hot.position());
    if (!checked) set_exit_choice();
  }
  const BlockPlan& plan = block_.versions.front();
  bool goes_on = false;
  if (plan.list) {
    const AppRange range = plan.range();
    marks_.push_back({plan.tag, draft_.hot.position(), number});
    covered_ = {std::min(covered_.start, range.start), std::max(covered_.end, range.end)};
    return emit_list(plan, pc, checked);
  }
  for (size_t i = 0; i < plan.instructions.size(); ++i) {
    const Instruction& at = plan.instructions[i].at;
    marks_.push_back({at.pc, draft_.hot.position(), number});
    covered_ = {std::min(covered_.start, at.pc), std::max(covered_.end, at.next())};
    goes_on = emit_planned(plan, i, pc, checked);
  }
  return goes_on;
}

bool SuperblockBuilder::emit_planned(const BlockPlan& plan, size_t index, AppPc& pc, bool checked) {
  const PlannedInstruction& item = plan.instructions[index];
  const Instruction& at = item.at;
  map_pc_ = at.next();
  if (!item.before.empty()) {
    emit_insertions(draft_, item.before, free_for(item.before, plan, index), false);
  }
  // A signal that is not the program's own doing waits for the block's end, so that what a block
  // counts for all of itself is right; not while a string operation is repeated.
  const bool repeats = at.insn.rep || at.insn.repne;
  const bool alone = index == 0 && item.before.empty() && item.after.empty();
  draft_.hold = !alone && !repeats;
  draft_.fresh = item.before.empty();
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
    emit_insertions(draft_, item.after, free_for(item.after, plan, index + 1), true);
  }
  draft_.hold = index + 1 < plan.instructions.size();
  if (plain && !draft_.hold) draft_.exit_jump(at.next());
  return goes_on;
}

void SuperblockBuilder::emit_checked_plan(AppPc tag, size_t size, size_t available) {
  const auto plan_all = [&] {
    BlockPlan& plan = begin_plan(tag);
    Instruction at;
    for (size_t offset = 0; offset < size && decode_copy(tag, offset, available, at);
         offset += at.insn.length) {
      plan.instructions.emplace_back().at = at;
    }
    instrumenter_->instrument(block_, draft_.tool_data);
    block_.settle();
  };
  block_.most_versions = PlannedBlock::kMostVersions;
  plan_all();
  plan_in_parts(plan_all);
  AppPc unused = tag;
  emit_first_version(unused, true);
  if (!is_switched()) return;
  note_switched(false);
  emit_further_versions(true);
}

}  // namespace weft::translate
