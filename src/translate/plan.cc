#include "translate/plan.h"

#include <algorithm>
#include <iterator>

namespace weft::translate {
namespace {

bool any_observes(const std::vector<Insertion>& insertions) {
  return std::any_of(insertions.begin(), insertions.end(),
                     [](const Insertion& insertion) { return insertion.observes(); });
}

bool any_observes_flags(const std::vector<Insertion>& insertions) {
  return std::any_of(insertions.begin(), insertions.end(),
                     [](const Insertion& insertion) { return insertion.observes_flags(); });
}

void add_bounds(const std::vector<Insertion>& insertions, SizeBound& bound) {
  for (const Insertion& insertion : insertions) {
    bound.hot += insertion.size_bound();
    bound.cold += insertion.cold_bound();
  }
}

}  // namespace

const x86::FlagUse& PlannedInstruction::flag_use() const {
  if (!flag_use_) flag_use_ = x86::flag_use(at.bytes, at.insn);
  return *flag_use_;
}

AppRange BlockPlan::range() const { return {tag, instructions.back().at.next()}; }

bool BlockPlan::flags_dead_before(size_t index) const {
  if (list) return false;  // its inserted code may look at them
  uint32_t live = x86::kArithmeticFlags;
  for (size_t i = index; i < instructions.size(); ++i) {
    const PlannedInstruction& next = instructions[i];
    if (next.removed || !next.replacement.empty()) return false;
    const bool seen = i > index && (any_observes_flags(next.before) ||
                                    any_observes_flags(instructions[i - 1].after));
    if (seen || (next.flag_use().read & live) != 0) return false;
    live &= ~next.flag_use().overwritten;
    if (live == 0) return true;
    if (next.at.insn.kind != x86::Kind::kPlain) return false;
  }
  return false;
}

uint16_t BlockPlan::registers_dead_before(size_t index) const {
  if (list) return 0;
  uint16_t dead = 0;
  uint16_t seen = 0;
  for (size_t i = index; i < instructions.size(); ++i) {
    const PlannedInstruction& next = instructions[i];
    if (next.removed || !next.replacement.empty() || next.at.insn.kind != x86::Kind::kPlain) break;
    if (i > index && (any_observes(next.before) || any_observes(instructions[i - 1].after))) break;
    const x86::RegisterUse use = x86::register_use(next.at.bytes, next.at.insn);
    dead = static_cast<uint16_t>(dead | (use.overwrites & ~use.reads & ~seen));
    seen = static_cast<uint16_t>(seen | use.reads);
  }
  return dead;
}

FreeState BlockPlan::free_before(size_t index) const {
  return {flags_dead_before(index), registers_dead_before(index)};
}

void BlockPlan::settle() {
  // In front of a list.
  if (anywhere.empty() || list) return;
  const bool wanted = std::any_of(anywhere.begin(), anywhere.end(),
                                  [](const Insertion& each) { return each.wants_free(); });
  const size_t count = instructions.size();
  size_t index = 0;
  while (wanted && index < count && !flags_dead_before(index)) ++index;
  if (index == count) {
    constexpr uint16_t kRspBit = 1u << x86::kRsp;
    index = 0;
    while (index < count && (registers_dead_before(index) & ~kRspBit) == 0) ++index;
  }
  if (index == count) index = 0;
  std::vector<Insertion>& place = instructions[index].before;
  place.insert(place.end(), std::make_move_iterator(anywhere.begin()),
               std::make_move_iterator(anywhere.end()));
  anywhere.clear();
}

SizeBound BlockPlan::size_bound() const {
  constexpr uint32_t kInstruction = 64;
  SizeBound bound;
  add_bounds(anywhere, bound);
  const auto add = [&](const PlannedInstruction& item) {
    bound.hot += kInstruction + static_cast<uint32_t>(item.replacement.size());
    add_bounds(item.before, bound);
    add_bounds(item.after, bound);
  };
  if (!list) {
    for (const PlannedInstruction& item : instructions) add(item);
    return bound;
  }
  add_bounds(instructions.front().before, bound);
  for (const ListItem& item : list->items) {
    bound.hot += item.hot_bound();
    bound.cold += item.cold_bound();
    if (item.kind == ListItem::Kind::kKept) add(instructions[item.number]);
  }
  return bound;
}

FreeState PlannedBlock::free_at_entry() const {
  // What a part's versions look at is not known here.
  if (!by.parts.starts.empty()) return {};
  const auto all = [&](const auto& holds) {
    return std::all_of(versions.begin(), versions.end(), [&](const BlockPlan& version) {
      return !version.is_made() || holds(version);
    });
  };
  // Liveness is asked for in front of an instruction, behind what was inserted there.
  FreeState free;
  free.flags = all([](const BlockPlan& version) {
    return !any_observes_flags(version.instructions.front().before) && version.flags_dead_before(0);
  });
  if (by.compares() && free.flags) return free;
  const bool unseen = all(
      [](const BlockPlan& version) { return !any_observes(version.instructions.front().before); });
  if (!unseen) return free;
  free.registers = UINT16_MAX;
  for (const BlockPlan& version : versions) {
    if (version.is_made()) free.registers &= version.registers_dead_before(0);
  }
  return free;
}

void PlannedBlock::settle() {
  for (BlockPlan& version : versions) version.settle();
}

SizeBound PlannedBlock::size_bound(SizeBound& first) const {
  constexpr uint32_t kSwitch = 64;
  constexpr uint32_t kCase = 48;
  constexpr uint32_t kExits = 128;
  constexpr uint32_t kRange = 64;
  constexpr uint32_t kRangeExit = 32;
  first.cold += kExits;
  SizeBound all = first;
  for (size_t i = 1; i < versions.size(); ++i) {
    const SizeBound one = versions[i].size_bound();
    all.hot += one.hot;
    all.cold += kExits + one.cold;
  }
  if (is_switched()) all.hot += kSwitch + kCase * static_cast<uint32_t>(versions.size());
  const auto ranges = static_cast<uint32_t>(by.parts.starts.size());
  all.hot += kRange * ranges;
  all.cold += kRangeExit * ranges;
  return all;
}

PlannedBlock::Effects PlannedBlock::effects(size_t version) const {
  using Kind = Insertion::Kind;
  Effects effects;
  effects.change_selector = versions[version].list.has_value();
  const auto add = [&](const Insertion& insertion) {
    // A clean call may do anything, and code of the tool's own too.
    const bool any = insertion.kind == Kind::kCall || insertion.kind == Kind::kCode;
    const bool computes = insertion.kind == Kind::kSnippet && stores(insertion.steps);
    const bool puts = insertion.kind != Kind::kSnippet && insertion.kind != Kind::kRecord &&
                      std::any_of(by.by.begin(), by.by.end(), [&](const Selection& each) {
                        return insertion.word == each.selector;
                      });
    effects.change_selector = effects.change_selector || any || computes || puts;
    effects.flush = effects.flush || insertion.kind == Kind::kRecord;
  };
  for (const PlannedInstruction& each : versions[version].instructions) {
    for (const Insertion& insertion : each.before) add(insertion);
    for (const Insertion& insertion : each.after) add(insertion);
  }
  return effects;
}

bool PlannedBlock::may_change_selector() const {
  for (size_t version = 0; version < versions.size(); ++version) {
    if (effects(version).change_selector) return true;
  }
  return false;
}

}  // namespace weft::translate
