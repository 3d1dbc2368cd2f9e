#include "translate/version_chain.h"

#include <algorithm>
#include <utility>

#include "translate/mangle.h"

namespace weft::translate {

VersionChain::VersionChain(Draft& draft, PathPolicy& policy, BlockEmission& emission)
    : draft_(draft), policy_(policy), emission_(emission) {}

void VersionChain::clear() {
  by_ = {};
  head_.reset();
  door_field_ = 0;
  for (Block& block : chain_) spare_.push_back(std::move(block.planned));
  chain_.clear();
  flushes_ = false;
  first_changes_choice_ = false;
  pending_ = {};
}

void VersionChain::begin(const PlannedBlock& block) {
  by_ = block.by;
  policy_.set_switched();
  // The check is between the entry and the choice.
  if (policy_.is_checked()) return;
  const Environment& environment = draft_.environment;
  cache::EntrySpec& entry = draft_.entries.front();
  const bool is_plain = entry.indirect != cache::EntrySpec::kNone &&
                        !environment.is_hashed(entry.tag) &&
                        environment.indirect == IndirectMode::kShadow;
  if (!is_plain) return;
  if (const uint8_t past = environment.choice_of_branches(); past != 0) {
    if (past != by_.name) return;
    draft_.hot.clear();
    door_field_ = draft_.hot.jmp_rel32();
    emit_indirect_entry(draft_.hot, environment, entry.tag);
    return;
  }
  if (!SwitchHead::restores_rcx(block, block.free_at_entry())) return;
  draft_.hot.clear();
  entry.direct = 0;
}

void VersionChain::emit_choice(const PlannedBlock& block) {
  if (door_field_ != 0) return;
  head_.emplace(draft_, block, block.free_at_entry());
  cache::EntrySpec& entry = draft_.entries.front();
  if (entry.direct == entry.indirect) entry.indirect = head_->indirect_entry();
}

std::optional<AppPc> VersionChain::emit_first(PlannedBlock& block, SizeBound further) {
  chain_.emplace_back().bodies.push_back(draft_.hot.position());
  if (!policy_.is_checked()) set_exit_choice(block);
  std::optional<AppPc> next = emission_.emit(block.versions.front());
  if (next && leaves_chain(block, *next)) next.reset();
  keep(block, next.has_value(), further);
  return next;
}

// Whoever changes another thread's word has that thread enter the cache again; a shared word
// anybody may change, so exits that know of it lead upwards only, and each loop has one that looks.
void VersionChain::set_exit_choice(const PlannedBlock& block) {
  const bool shared = std::any_of(by_.by.begin(), by_.by.end(),
                                  [](const Selection& each) { return !each.selector.per_thread; });
  if (shared) draft_.choice_floor = std::max(draft_.choice_floor, block.versions.front().tag);
  // The fragment runs on behind a flush, whatever that has changed.
  const PlannedBlock::Effects effects = block.effects(0);
  flushes_ = flushes_ || effects.flush;
  first_changes_choice_ = effects.change_selector;
  const bool known = !flushes_ && !first_changes_choice_;
  draft_.choice = known ? by_.name : uint8_t{0};
}

bool VersionChain::leaves_chain(const PlannedBlock& block, AppPc next) {
  // A trace has one entry: what it has behind a block that leaves for the next one's is not run.
  const bool ends = policy_.is_trace() && block.may_change_selector();
  if (ends) {
    draft_.exit_jump(next);
  } else if (first_changes_choice_) {
    draft_.exit_jump(next);
    draft_.map_pc = {};
  }
  return ends;
}

void VersionChain::keep(PlannedBlock& block, bool goes_on, SizeBound further) {
  Block& kept = chain_.back();
  kept.goes_on = goes_on;
  pending_.hot += further.hot;
  pending_.cold += further.cold;
  kept.planned = std::move(block);
  block = {};
  if (spare_.empty()) return;
  block = std::move(spare_.back());
  spare_.pop_back();
}

void VersionChain::emit_further() {
  const Block& first = chain_.front();
  const bool named = !policy_.is_checked() && policy_.part() == 0;
  if (named) {
    // Exits that know enter behind the fragment's choice.
    draft_.entry_choice = by_.name;
    draft_.entries.front().past_choice = first.bodies.front();
  }
  const size_t versions = first.planned.versions.size();
  for (size_t version = 1; version < versions; ++version) emit_version(version);
  draft_.choice = 0;
  note_past_choices(0, first);
  if (door_field_ != 0) return emit_choice_behind();
  head_->emit_rest(draft_, first.planned, first.bodies);
}

void VersionChain::note_past_choices(size_t entry, const Block& block) {
  // Of versions that have not been made there is no body.
  const size_t known = std::min(by_.names.size(), block.bodies.size());
  for (size_t i = 1; i < known; ++i) {
    if (by_.names[i] == 0) continue;
    draft_.past_choices.push_back({static_cast<uint32_t>(entry), block.bodies[i], by_.names[i]});
  }
}

void VersionChain::emit_choice_behind() {
  const Block& first = chain_.front();
  cache::EntrySpec& entry = draft_.entries.front();
  uint32_t door = draft_.hot.position();
  const FreeState free = first.planned.free_at_entry();
  const bool restores = SwitchHead::restores_rcx(first.planned, free);
  if (!restores) emit_indirect_entry(draft_.hot, draft_.environment, entry.tag);
  entry.direct = draft_.hot.position();
  draft_.map.go_to(entry.tag, entry.direct);
  head_.emplace(draft_, first.planned, free, first.bodies.front());
  head_->emit_rest(draft_, first.planned, first.bodies);
  if (restores) door = head_->indirect_entry();
  draft_.to_hot(door_field_, door);
}

void VersionChain::emit_version(size_t version) {
  using Continue = PathPolicy::Continue;
  draft_.map_pc = {};
  draft_.choice = 0;
  if (!chain_.front().planned.versions[version].is_made()) return;
  const bool named = !policy_.is_checked() && version < by_.names.size();
  const uint8_t name = named ? by_.names[version] : uint8_t{0};
  bool flushes = false;
  for (size_t i = 0; i < chain_.size(); ++i) {
    Block& block = chain_[i];
    policy_.at_block(i);
    const BlockPlan& plan = block.planned.versions[version];
    const PlannedBlock::Effects effects = block.planned.effects(version);
    flushes = flushes || effects.flush;
    draft_.choice = flushes || effects.change_selector ? uint8_t{0} : name;
    draft_.go_to(plan.tag);
    block.bodies.push_back(draft_.hot.position());
    // The last block of the first version may have been followed by nothing that fits.
    const bool goes_on = block.goes_on && i + 1 < chain_.size();
    policy_.set_continue(goes_on ? Continue::kYes : Continue::kNo);
    const std::optional<AppPc> next = emission_.emit_again(plan);
    policy_.set_continue(Continue::kWhereItFits);
    if (!goes_on || !effects.change_selector) continue;
    if (next) draft_.exit_jump(*next);
    draft_.map_pc = {};
  }
}

void VersionChain::emit_entry(size_t number, size_t entry, cache::EntrySpec& spec) {
  const Block& block = chain_[number];
  const PlannedBlock& planned = block.planned;
  spec.direct = draft_.hot.position();
  spec.past_choice = block.bodies.front();
  draft_.map.go_to(planned.versions.front().tag, spec.direct);
  const SwitchHead head(draft_, planned, planned.free_at_entry(), block.bodies.front());
  head.emit_rest(draft_, planned, block.bodies);
  note_past_choices(entry, block);
}

}  // namespace weft::translate
