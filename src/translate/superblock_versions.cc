// Superblocks whose blocks have several versions: each version runs from block to block by itself,
// and the entries choose among them.
#include <algorithm>
#include <utility>

#include "translate/superblock.h"

namespace weft::translate {

bool SuperblockBuilder::end_switched_block(bool goes_on, AppPc next) {
  // A trace has one entry: what it has behind a block that leaves for the next one's is not run.
  const bool ends = goes_on && !path_.empty() && block_.may_change_selector();
  if (ends) {
    draft_.exit_jump(next);
  } else if (goes_on && first_changes_choice_) {
    draft_.exit_jump(next);
    map_pc_ = {};
  }
  note_switched(goes_on && !ends);
  return goes_on && !ends;
}

// Whoever changes another thread's word has that thread enter the cache again; a shared word
// anybody may change, so exits that know of it lead upwards only, and each loop has one that looks.
void SuperblockBuilder::set_exit_choice() {
  const bool shared = std::any_of(by_.by.begin(), by_.by.end(),
                                  [](const Selection& each) { return !each.selector.per_thread; });
  if (shared) {
    draft_.choice_floor = std::max(draft_.choice_floor, block_.versions.front().tag);
  }
  // The superblock runs on behind a flush, whatever that has changed.
  const PlannedBlock::Effects effects = block_.effects(0);
  flushes_ = flushes_ || effects.flush;
  first_changes_choice_ = effects.change_selector;
  const bool known = !flushes_ && !first_changes_choice_;
  draft_.choice = known ? by_.name : uint8_t{0};
}

void SuperblockBuilder::begin_switched() {
  by_ = block_.by;
  cache::EntrySpec& entry = draft_.entries.front();
  const bool is_plain = entry.indirect != cache::EntrySpec::kNone &&
                        !environment_.is_hashed(entry.tag) &&
                        environment_.indirect == IndirectMode::kShadow;
  if (!is_plain) return;
  if (const uint8_t past = environment_.choice_of_branches(); past != 0) {
    if (past != by_.name) return;
    draft_.hot.clear();
    door_field_ = draft_.hot.jmp_rel32();
    emit_indirect_entry(draft_.hot, environment_, entry.tag);
    return;
  }
  if (!SwitchHead::restores_rcx(block_, block_.free_at_entry())) return;
  draft_.hot.clear();
  entry.direct = 0;
}

void SuperblockBuilder::emit_switched_head() {
  if (door_field_ != 0) return;
  head_.emplace(draft_, block_, block_.free_at_entry());
  cache::EntrySpec& entry = draft_.entries.front();
  if (entry.direct == entry.indirect) entry.indirect = head_->indirect_entry();
}

void SuperblockBuilder::name_entry_choice() {
  draft_.entry_choice = by_.name;
  draft_.entries.front().past_choice = chain_.front().bodies.front();
}

void SuperblockBuilder::note_switched(bool goes_on) {
  SwitchedBlock& block = chain_.back();
  block.goes_on = goes_on;
  pending_.hot += further_.hot;
  pending_.cold += further_.cold;
  block.planned = std::move(block_);
  block_ = {};
  if (spare_.empty()) return;
  block_ = std::move(spare_.back());
  spare_.pop_back();
}

void SuperblockBuilder::emit_further_versions(bool checked) {
  const size_t versions = chain_.front().planned.versions.size();
  for (size_t version = 1; version < versions; ++version) emit_version(version, checked);
  draft_.choice = 0;
  note_past_choices(0, chain_.front());
  if (door_field_ != 0) return emit_head_behind();
  head_->emit_rest(draft_, chain_.front().planned, chain_.front().bodies);
}

void SuperblockBuilder::note_past_choices(size_t entry, const SwitchedBlock& block) {
  // Of versions that have not been made there is no body.
  const size_t known = std::min(by_.names.size(), block.bodies.size());
  for (size_t i = 1; i < known; ++i) {
    if (by_.names[i] == 0) continue;
    draft_.past_choices.push_back({static_cast<uint32_t>(entry), block.bodies[i], by_.names[i]});
  }
}

void SuperblockBuilder::emit_head_behind() {
  SwitchedBlock& first = chain_.front();
  cache::EntrySpec& entry = draft_.entries.front();
  uint32_t door = draft_.hot.position();
  const FreeState free = first.planned.free_at_entry();
  const bool restores = SwitchHead::restores_rcx(first.planned, free);
  if (!restores) emit_indirect_entry(draft_.hot, environment_, entry.tag);
  entry.direct = draft_.hot.position();
  draft_.map.go_to(entry.tag, entry.direct);
  head_.emplace(draft_, first.planned, free, first.bodies.front());
  head_->emit_rest(draft_, first.planned, first.bodies);
  if (restores) door = head_->indirect_entry();
  draft_.fixups.push_back(
      {cache::Fixup::Where::kHot, cache::Fixup::Kind::kHotRelative, 0, door_field_, door});
}

void SuperblockBuilder::emit_version(size_t version, bool checked) {
  map_pc_ = {};
  draft_.choice = 0;
  if (!chain_.front().planned.versions[version].is_made()) return;
  const uint8_t name = checked || version >= by_.names.size() ? uint8_t{0} : by_.names[version];
  bool flushes = false;
  for (size_t i = 0; i < chain_.size(); ++i) {
    SwitchedBlock& block = chain_[i];
    path_at_ = i;
    const BlockPlan& plan = block.planned.versions[version];
    const PlannedBlock::Effects effects = block.planned.effects(version);
    flushes = flushes || effects.flush;
    draft_.choice = flushes || effects.change_selector ? uint8_t{0} : name;
    AppPc pc = plan.tag;
    if (pc != map_pc_) draft_.map.go_to(pc, draft_.hot.position());
    block.bodies.push_back(draft_.hot.position());
    // The last block of the first version may have been followed by nothing that fits.
    const bool goes_on = block.goes_on && i + 1 < chain_.size();
    continue_ = goes_on ? Continue::kYes : Continue::kNo;
    if (plan.list) {
      emit_list(plan, pc, checked);
    } else {
      for (size_t n = 0; n < plan.instructions.size(); ++n) emit_planned(plan, n, pc, checked);
    }
    continue_ = Continue::kWhereItFits;
    if (!goes_on || !effects.change_selector) continue;
    draft_.exit_jump(pc);
    map_pc_ = {};
  }
}

uint32_t SuperblockBuilder::emit_switched_entry(SwitchedBlock& block) {
  const PlannedBlock& planned = block.planned;
  const uint32_t start = draft_.hot.position();
  draft_.map.go_to(planned.versions.front().tag, start);
  const SwitchHead head(draft_, planned, planned.free_at_entry(), block.bodies.front());
  head.emit_rest(draft_, planned, block.bodies);
  return start;
}

}  // namespace weft::translate
