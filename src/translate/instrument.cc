#include "translate/instrument.h"

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

uint32_t bound_of(const std::vector<Insertion>& insertions) {
  uint32_t bound = 0;
  for (const Insertion& insertion : insertions) bound += insertion.size_bound();
  return bound;
}

}  // namespace

bool Insertion::observes() const {
  using Source = RecordField::Source;
  if (kind == Kind::kCall || kind == Kind::kCode || site != nullptr) return true;
  return std::any_of(fields.begin(), fields.end(), [](const RecordField& field) {
    return field.source == Source::kRegister || field.source == Source::kAddress;
  });
}

bool Insertion::observes_flags() const {
  // The flush of a full buffer is shown records alone.
  return (kind == Kind::kCall && !ignores_flags) || kind == Kind::kCode;
}

uint32_t Insertion::size_bound() const {
  constexpr uint32_t kGuard = 96;
  constexpr uint32_t kCall = 64;
  constexpr uint32_t kField = 48;
  constexpr uint32_t kSaving = 96;
  uint32_t size = kGuard + kSaving;
  if (site != nullptr) size += kCall;
  size += kField * static_cast<uint32_t>(fields.size());
  return size + static_cast<uint32_t>(code.size());
}

const x86::FlagUse& PlannedInstruction::flag_use() const {
  if (!flag_use_) flag_use_ = x86::flag_use(at.bytes, at.insn.length);
  return *flag_use_;
}

AppRange BlockPlan::range() const { return {tag, instructions.back().at.next()}; }

FreeState BlockPlan::free_before(size_t index) const {
  FreeState free;
  uint16_t seen = 0;
  uint32_t live_flags = x86::kArithmeticFlags;
  bool flags_used = false;
  bool registers_used = false;
  for (size_t i = index; i < instructions.size(); ++i) {
    const PlannedInstruction& next = instructions[i];
    if (next.removed || !next.replacement.empty()) break;
    if (i > index) {
      const std::vector<Insertion>& behind = instructions[i - 1].after;
      registers_used = registers_used || any_observes(next.before) || any_observes(behind);
      flags_used = flags_used || any_observes_flags(next.before) || any_observes_flags(behind);
    }
    const bool flags_known = flags_used || live_flags == 0;
    if (flags_known && registers_used) break;
    if (!flags_known) {
      flags_used = (next.flag_use().read & live_flags) != 0;
      if (!flags_used) live_flags &= ~next.flag_use().overwritten;
    }
    if (next.at.insn.kind != x86::Kind::kPlain) break;
    if (registers_used) continue;
    const x86::RegisterUse use = x86::register_use(next.at.bytes, next.at.insn);
    free.registers = static_cast<uint16_t>(free.registers | (use.overwrites & ~use.reads & ~seen));
    seen = static_cast<uint16_t>(seen | use.reads);
  }
  free.flags = live_flags == 0;
  return free;
}

void BlockPlan::settle() {
  if (anywhere.empty()) return;
  size_t index = 0;
  while (index < instructions.size() && !free_before(index).flags) ++index;
  if (index == instructions.size()) index = 0;
  std::vector<Insertion>& place = instructions[index].before;
  place.insert(place.end(), std::make_move_iterator(anywhere.begin()),
               std::make_move_iterator(anywhere.end()));
  anywhere.clear();
}

uint32_t BlockPlan::size_bound() const {
  constexpr uint32_t kInstruction = 64;
  uint32_t bound = bound_of(anywhere);
  for (const PlannedInstruction& item : instructions) {
    bound += kInstruction + bound_of(item.before) + bound_of(item.after);
    bound += static_cast<uint32_t>(item.replacement.size());
  }
  return bound;
}

FreeState PlannedBlock::free_at_entry() const {
  FreeState free{true, UINT16_MAX};
  for (const BlockPlan& version : versions) {
    // Liveness is asked for in front of an instruction, behind what was inserted there.
    const std::vector<Insertion>& first = version.instructions.front().before;
    const FreeState here = version.free_before(0);
    free.flags = free.flags && here.flags && !any_observes_flags(first);
    free.registers =
        any_observes(first) ? uint16_t{0} : static_cast<uint16_t>(free.registers & here.registers);
  }
  return free;
}

void PlannedBlock::settle() {
  for (BlockPlan& version : versions) version.settle();
}

uint32_t PlannedBlock::size_bound() const {
  constexpr uint32_t kSwitch = 64;
  constexpr uint32_t kCase = 48;
  uint32_t bound = 0;
  for (const BlockPlan& version : versions) bound += version.size_bound();
  if (is_switched()) bound += kSwitch + kCase * static_cast<uint32_t>(versions.size());
  return bound;
}

void PlannedBlock::drop_version() {
  CHECK(is_switched());
  versions.erase(versions.end() - 2);
  by.values.pop_back();
  if (!is_switched()) by = {};
}

bool PlannedBlock::may_change_selector(size_t version) const {
  using Kind = Insertion::Kind;
  const auto changes = [&](const Insertion& insertion) {
    // A clean call may do anything, and code of the tool's own too.
    if (insertion.kind == Kind::kCall || insertion.kind == Kind::kCode) return true;
    return insertion.kind != Kind::kRecord && insertion.word == by.selector;
  };
  const auto any = [&](const std::vector<Insertion>& insertions) {
    return std::any_of(insertions.begin(), insertions.end(), changes);
  };
  const std::vector<PlannedInstruction>& all = versions[version].instructions;
  return std::any_of(all.begin(), all.end(), [&](const PlannedInstruction& each) {
    return any(each.before) || any(each.after);
  });
}

}  // namespace weft::translate
