// Blocks on their way through the tools, in all their versions.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "engine/engine.h"
#include "tool/block_view.h"
#include "tool/host.h"
#include "tool/mistake.h"

namespace weft::tool {
namespace {

using translate::BlockPlan;
using translate::Guard;
using translate::Insertion;

/// Of a block with more versions than fit: values that have theirs in its first fragment.
constexpr size_t kMostFirst = 16;
/// Parts that one choice leads to.
constexpr size_t kMostRanges = 256;

/// Has a default version count itself down, and call when it comes to 0.
void add_countdown(BlockPlan& plan, std::unique_ptr<translate::FragmentData>& data,
                   const ChosenSet& set, uint32_t part) {
  const translate::Word word{false, 0, reinterpret_cast<uint64_t>(set.cases.countdown)};
  if (!data) data = std::make_unique<Additions>();
  CallSite& site = static_cast<Additions&>(*data).new_site();
  site.pc = plan.tag;
  site.purpose = CallSite::Purpose::kNewCase;
  site.versions = set.versions;
  site.part = part;
  Insertion less;
  less.word = word;
  less.amount = -1;
  Insertion call;
  call.kind = Insertion::Kind::kCall;
  // Threads race: it may be less than 0.
  call.guard = {Guard::Kind::kLess, word, 1};
  call.site = &site;
  call.ignores_flags = true;  // it leads to a version of the same block
  std::vector<Insertion>& front = plan.list ? plan.anywhere : plan.instructions.front().before;
  front.insert(front.begin(), {std::move(less), std::move(call)});
}

/// Of all sets whose default is in the version that is being made.
void add_countdowns(BlockPlan& plan, std::unique_ptr<translate::FragmentData>& data,
                    const Choice& choice, uint32_t part) {
  for (const ChosenSet& each : choice.sets()) {
    if (each.cases.countdown != nullptr && choice.case_of(each).is_default) {
      add_countdown(plan, data, each, part);
    }
  }
}

/// Where a thread keeps what it has read of a set's word.
translate::Word reading_of(Versions versions) {
  return {true, kFirstReadingWord + versions.number(), 0};
}

/// The same block without what was inserted.
BlockPlan bare_of(const BlockPlan& plan) {
  BlockPlan bare;
  bare.tag = plan.tag;
  for (const translate::PlannedInstruction& each : plan.instructions) {
    bare.instructions.emplace_back().at = each.at;
  }
  return bare;
}

}  // namespace

void Host::instrument_version(BlockPlan& plan, translate::PlanUse use,
                              std::unique_ptr<translate::FragmentData>& data, Choice& choice) {
  const BlockView::Shared shared{layouts_,
                                 words_,
                                 [this](Versions versions, AppPc tag) {
                                   return cases_.cases_of(versions, tag,
                                                          [this] { return new_word(); });
                                 },
                                 cases_.size(),
                                 callees_,
                                 first_runs_};
  BlockView block(plan, data, shared, choice);
  functions_.instrument(block);
  bool& is_shown = view_of(engine::Thread::current()).is_shown_block;
  is_shown = true;
  for (const Library& each : tools_) {
    block.set_tool(each.name);
    const Running running(&engine::Thread::current(), "on_block()", &each);
    each.tool->on_block(block);
  }
  if (lists_.edits()) {
    lists_.edit(block, plan, use, data, view_of(engine::Thread::current()), callees_);
  }
  is_shown = false;
}

void Host::instrument(translate::PlannedBlock& block,
                      std::unique_ptr<translate::FragmentData>& data) {
  std::vector<BlockPlan>& plans = block.versions;
  if (cases_.size() == 0) {
    Choice none({}, true);
    return instrument_version(plans.front(), block.use, data, none);
  }
  Choice choice(parts_.box_of(plans.front().tag, block.part), block.most_versions == 1);
  const BlockPlan bare = bare_of(plans.front());
  for (;;) {
    instrument_version(plans.front(), block.use, data, choice);
    if (choice.sets().empty()) return;
    if (block.part == 0 && may_wait(choice, plans.front())) return add_missing(block, choice);
    if (add_versions(block, data, choice, bare)) return;
    plans.assign(1, bare);
    choice.go_to(0);
  }
}

bool Host::add_versions(translate::PlannedBlock& block,
                        std::unique_ptr<translate::FragmentData>& data, Choice& choice,
                        const BlockPlan& bare) {
  const size_t count = choice.count();
  const bool divides = choice.sets()[choice.largest()].cases.values.size() > 1;
  if (count > block.most_versions && divides) return add_parts(block, data, choice, bare);
  const size_t sets = choice.sets().size();
  std::vector<BlockPlan>& plans = block.versions;
  plans.resize(count, bare);
  add_countdowns(plans.front(), data, choice, block.part);
  for (size_t version = 1; version < count; ++version) {
    choice.go_to(version);
    instrument_version(plans[version], block.use, data, choice);
    if (choice.sets().size() != sets) return false;
    add_countdowns(plans[version], data, choice, block.part);
  }
  if (count == 1) return true;
  block.by = switch_of(choice, SIZE_MAX);
  if (block.part == 0) name_versions(block.by, choice);
  return true;
}

std::optional<translate::Parts> Host::divide(const translate::PlannedBlock& block,
                                             const Choice& choice) {
  const ChosenSet& divided = choice.sets()[choice.largest()];
  std::vector<int32_t> values = divided.cases.values;
  const size_t others = choice.count() / (values.size() + 1);
  const size_t most_values = std::max<size_t>(block.most_versions / others, 2) - 1;
  const size_t ranges = std::clamp<size_t>(size_t{4} * block.most_versions, 2, kMostRanges);
  std::sort(values.begin(), values.end());
  PartTable::Starts starts = parts_.divide(block.versions.front().tag, block.part, divided.versions,
                                           values, most_values, ranges);
  if (starts.empty()) return std::nullopt;
  return translate::Parts{word_of(divided), std::move(starts), reading_of(divided.versions)};
}

bool Host::add_parts(translate::PlannedBlock& block, std::unique_ptr<translate::FragmentData>& data,
                     Choice& choice, const BlockPlan& bare) {
  std::optional<translate::Parts> parts = divide(block, choice);
  if (!parts) {
    choice.cut_to(block.most_versions);
    return false;
  }
  const size_t sets = choice.sets().size();
  size_t first = 1;
  if (sets == 1 && block.part == 0) {
    const VersionSet& set = cases_.set(choice.sets().front().versions);
    first = std::clamp<size_t>(set.options.values.size(), 1, kMostFirst);
    first = std::clamp<size_t>(first, 1, block.most_versions - 1);
  }
  add_countdowns(block.versions.front(), data, choice, block.part);
  for (size_t version = 1; version < first; ++version) {
    choice.go_to(version);
    instrument_version(block.versions.emplace_back(bare), block.use, data, choice);
    if (choice.sets().size() != sets) return false;
  }
  BlockPlan& rest = block.versions.emplace_back();
  rest.tag = bare.tag;
  rest.in_parts = true;
  block.by = switch_of(choice, first);
  block.by.parts = *std::move(parts);
  if (block.part == 0) name_versions(block.by, choice);
  return true;
}

translate::Word Host::word_of(const ChosenSet& set) const {
  const translate::Word selector = cases_.set(set.versions).selector;
  // What has led to the part has read it.
  return set.is_restricted && !selector.per_thread ? reading_of(set.versions) : selector;
}

translate::Switch Host::switch_of(const Choice& choice, size_t most) const {
  translate::Switch by;
  for (const ChosenSet& each : choice.sets()) {
    const std::vector<int32_t>& values = each.cases.values;
    if (values.empty()) continue;
    const auto count = static_cast<long>(std::min(values.size(), most));
    by.by.push_back({word_of(each), {values.begin(), values.begin() + count}});
  }
  return by;
}

void Host::name_versions(translate::Switch& by, const Choice& choice) {
  std::vector<uint32_t> sets;
  for (const ChosenSet& each : choice.sets()) {
    if (!each.cases.values.empty()) sets.push_back(each.versions.number());
  }
  const bool one = sets.size() == 1;
  const bool first_alone = !by.is_whole() && (!one || by.has_missing);
  const size_t versions = first_alone ? 1 : by.stride(0) * (by.by.front().values.size() + 1);
  for (size_t version = 0; version < versions; ++version) {
    std::vector<CaseTable::Outcome> outcomes;
    for (size_t i = 0; i < sets.size(); ++i) {
      const std::vector<int32_t>& values = by.by[i].values;
      const size_t at = version / by.stride(i) % (values.size() + 1);
      if (at < values.size()) outcomes.push_back({sets[i], values[at]});
    }
    const bool is_known = outcomes.size() == sets.size();
    by.names.push_back(is_known ? cases_.name_of(std::move(outcomes)) : uint8_t{0});
  }
  by.name = by.names.front();
  while (!by.names.empty() && by.names.back() == 0) by.names.pop_back();
  // Of blocks with the first value alone, of which there are most, that is all there is to know.
  if (by.names.size() == 1) by.names.clear();
}

bool Host::may_wait(const Choice& choice, const BlockPlan& first) {
  // Blocks that may not fit with all their versions are cut where all are made.
  constexpr uint32_t kLargest = translate::Draft::kHotCapacity / 4;
  for (const ChosenSet& each : choice.sets()) {
    const VersionSet& set = cases_.set(each.versions);
    const std::vector<int32_t>& values = set.options.values;
    if (values.empty() || each.cases.values.size() != values.size()) return false;
    if (value_of(set.selector) != values.front()) return false;
  }
  return first.size_bound().hot <= kLargest && !cases_.is_complete(first.tag);
}

const translate::CallSite& Host::missing_site(const translate::PlannedBlock& block,
                                              std::unique_ptr<translate::FragmentData>& data) {
  if (!data) data = std::make_unique<Additions>();
  CallSite& site = static_cast<Additions&>(*data).new_site();
  site.pc = block.versions.back().tag;
  site.purpose = CallSite::Purpose::kMissingVersions;
  // Of one set: the name of its first value, which is a fixed one, is the set's.
  if (block.by.by.size() == 1) site.versions = Versions(block.by.name - 1u);
  return site;
}

void Host::add_missing(translate::PlannedBlock& block, const Choice& choice) {
  BlockPlan& rest = block.versions.emplace_back();
  rest.tag = block.versions.front().tag;
  rest.missing = this;
  block.by = switch_of(choice, 1);
  block.by.has_missing = true;
  name_versions(block.by, choice);
}

}  // namespace weft::tool
