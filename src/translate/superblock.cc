#include "translate/superblock.h"

#include <algorithm>

#include "cache/part.h"
#include "cache/stripe.h"
#include "translate/self_check.h"

namespace weft::translate {

SuperblockBuilder::SuperblockBuilder(const Environment& environment, const cache::CodeCache& cache,
                                     ProgramCode& code, Instrumenter* instrumenter)
    : environment_(environment),
      cache_(cache),
      draft_(environment),
      source_(cache, code),
      policy_(cache, draft_, layout_),
      end_(cache, draft_, source_, policy_),
      emission_(draft_, layout_, policy_, end_),
      versions_(draft_, policy_, emission_) {
  if (instrumenter != nullptr) planner_.emplace(*instrumenter, draft_, policy_);
}

void SuperblockBuilder::begin(AppPc tag, Arrival arrival) {
  draft_.clear();
  draft_.prefetch_returns = ++built_ > environment_.prefetch_after;
  layout_.clear();
  versions_.clear();
  source_.begin(cache::block_of_part(tag));
  cache::EntrySpec head{tag, 0, cache::EntrySpec::kNone};
  if (arrival == Arrival::kIndirect) {
    emit_choice_door(draft_.hot, environment_);
    head.indirect = draft_.hot.position();
    emit_indirect_entry(draft_.hot, environment_, tag);
  } else if (arrival == Arrival::kCall && draft_.pairs_returns && !planner_) {
    draft_.hot.lea_rsp(8);
    head.called = true;
  }
  head.direct = draft_.hot.position();
  draft_.entries.push_back(head);
}

bool SuperblockBuilder::build(AppPc tag, Arrival arrival) {
  begin(tag, arrival);
  policy_.begin_superblock(cache::part_number(tag));
  const AppPc start = cache::block_of_part(tag);
  Instruction first;
  if (!source_.fetch(start, first)) return false;
  if (source_.is_checked()) return build_checked(start);
  add_blocks(start);
  if (layout_.empty()) return false;
  emit_thunks(draft_);
  if (policy_.part() == 0) add_entries();
  finish();
  return true;
}

bool SuperblockBuilder::build_trace(std::span<const AppPc> path) {
  begin(path[0], Arrival::kIndirect);
  policy_.begin_trace(path);
  add_blocks(path[0]);
  const bool several = draft_.constituents.size() > 1;
  finish();
  return several;
}

bool SuperblockBuilder::build_checked(AppPc tag) {
  policy_.set_checked();
  const std::span<const uint8_t> bytes = source_.copy(tag);
  decode_checked_block(bytes, tag, limits(), block_);
  if (block_.empty()) {
    source_.fault_at(tag);
    return false;
  }
  const size_t size = checked_size(block_, bytes.size());
  draft_.go_to(tag);
  draft_.map_pc = tag;
  emit_self_check(draft_, tag, bytes.first(size), aligned_checks_, may_loop(block_));
  draft_.constituents.push_back({tag, {tag, tag + size}, source_.begin_block(tag)});
  if (planner_) planner_->plan_whole(block_, planned_);
  emit();
  if (versions_.has_begun()) versions_.emit_further();
  finish();
  return true;
}

void SuperblockBuilder::add_blocks(AppPc tag) {
  std::optional<AppPc> next = tag;
  while (next) next = add_block(*next);
  if (versions_.has_begun()) versions_.emit_further();
}

BlockLimits SuperblockBuilder::limits() const {
  BlockLimits limits;
  if (planner_) limits.instructions = BlockPlanner::kLongestBlock;
  if (environment_.single_instructions) limits.instructions = 1;
  const bool whole = planner_ && planner_->wants_whole_blocks();
  limits.where_it_meets = policy_.ends_where_it_meets() && !whole;
  return limits;
}

std::optional<AppPc> SuperblockBuilder::add_block(AppPc tag) {
  cache_.prefetch(tag + cache::kCacheLine);
  const uint64_t generation = source_.begin_block(tag);
  decode_block(source_, policy_, layout_, tag, limits(), block_);
  if (block_.empty() || !plan()) {
    if (!layout_.empty()) draft_.exit_jump(tag);
    return std::nullopt;
  }
  policy_.at_block(draft_.constituents.size());
  const std::optional<AppPc> next = emit();
  draft_.constituents.push_back({tag, block_.range(), generation});
  return next;
}

bool SuperblockBuilder::plan() {
  if (!planner_) return true;
  if (!layout_.empty()) {
    return planner_->plan_next(block_, versions_.by(), versions_.pending(), planned_);
  }
  planner_->plan_first(block_, planned_);
  return true;
}

std::optional<AppPc> SuperblockBuilder::emit() {
  const bool begins = planner_ && layout_.empty() && planned_.is_switched();
  if (begins) versions_.begin(planned_);
  draft_.go_to(block_.tag);
  if (begins) versions_.emit_choice(planned_);
  if (!planner_) return emission_.emit(block_);
  if (!versions_.has_begun()) return emission_.emit(planned_.versions.front());
  return versions_.emit_first(planned_, planner_->further());
}

void SuperblockBuilder::finish() {
  add_constants();
  instruction_count_ = static_cast<uint32_t>(layout_.size());
  CHECK(!draft_.hot.overflowed() && !draft_.cold.overflowed());
}

void SuperblockBuilder::add_constants() {
  // None of them is in a block, too: they are not executable.
  for (const ConstantSlot& constant : draft_.constants) {
    draft_.constituents.push_back({constant.slot, constant.bytes(), constant.generation});
  }
}

void SuperblockBuilder::add_entries() {
  // Branches to places inside: each is an entry, so that no code is laid out twice for a loop.
  const size_t block_count = draft_.constituents.size();
  for (const cache::ExitSpec& exit : draft_.exits) {
    const Layout::Place* place = layout_.find(exit.target);
    if (place == nullptr) continue;
    const auto same_tag = [&](const auto& item) { return item.tag == exit.target; };
    if (std::any_of(draft_.entries.begin(), draft_.entries.end(), same_tag)) continue;
    const auto blocks_end = draft_.constituents.begin() + static_cast<long>(block_count);
    const bool is_block = std::any_of(draft_.constituents.begin(), blocks_end, same_tag);
    if (!is_block) {
      if (!environment_.entries_anywhere || place->block >= block_count) continue;
      const AppPc end = draft_.constituents[place->block].bytes.end;
      draft_.constituents.push_back(
          {exit.target, {exit.target, end}, cache_.generation(exit.target)});
    }
    cache::EntrySpec entry{exit.target, place->hot_offset};
    if (versions_.has_begun()) {
      versions_.emit_entry(place->block, draft_.entries.size(), entry);
    }
    draft_.entries.push_back(entry);
  }
}

}  // namespace weft::translate
