// Blocks on their way through the tools, in all their versions.
#include <algorithm>
#include <iterator>

#include "engine/engine.h"
#include "tool/block_view.h"
#include "tool/host.h"
#include "tool/mistake.h"

namespace weft::tool {
namespace {

using translate::BlockPlan;
using translate::Guard;
using translate::Insertion;

constexpr size_t kMostSets = 16;
constexpr size_t kMostValues = 64;

/// Has the block's default version count itself down, and call when it comes to 0.
void add_countdown(BlockPlan& plan, std::unique_ptr<translate::FragmentData>& data,
                   const Choice& choice) {
  const translate::Word word{false, 0, reinterpret_cast<uint64_t>(choice.cases.countdown)};
  if (!data) data = std::make_unique<Additions>();
  CallSite& site = static_cast<Additions&>(*data).new_site();
  site.pc = plan.tag;
  site.purpose = CallSite::Purpose::kNewCase;
  site.versions = choice.versions;
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

/// The same block without what was inserted.
BlockPlan bare_of(const BlockPlan& plan) {
  BlockPlan bare;
  bare.tag = plan.tag;
  for (const translate::PlannedInstruction& each : plan.instructions) {
    bare.instructions.emplace_back().at = each.at;
  }
  return bare;
}

/// What the calling thread finds in a word.
int64_t value_of(const translate::Word& word) {
  const uint64_t* cell = word.per_thread ? &engine::Thread::current().block().tool_words[word.index]
                                         : reinterpret_cast<const uint64_t*>(word.address);
  return static_cast<int64_t>(__atomic_load_n(cell, __ATOMIC_RELAXED));
}

}  // namespace

Versions Host::add_versions(translate::Word selector, VersionOptions options) {
  constexpr int32_t kLimit = 1 << 30;
  const std::vector<int32_t>& values = options.values;
  if (starting_.empty()) fail("new_versions() is for on_start()");
  if (cases_.size() == kMostSets) fail("no more than 16 versions");
  if (values.size() + options.most_dynamic > kMostValues || options.threshold == 0) {
    fail("new_versions() with more than 64 values, or a threshold of 0");
  }
  for (auto each = values.begin(); each != values.end(); ++each) {
    const bool in_range = *each > -kLimit && *each < kLimit;
    if (!in_range || std::find(values.begin(), each, *each) != each) {
      fail("new_versions() with a value twice, or out of range");
    }
  }
  return cases_.add({selector, std::move(options)});
}

Versions Host::new_versions(ThreadCounter selector, VersionOptions options) {
  if (selector.slot() >= kThreadCounters) fail("a selector that new_thread_counter() did not make");
  selectors_.set(selector.slot());
  return add_versions({true, selector.slot(), 0}, std::move(options));
}

Versions Host::new_versions(Counter selector, VersionOptions options) {
  const auto address = reinterpret_cast<uint64_t>(selector.cell());
  if (!words_.contains({address})) fail("a selector that new_counter() did not make");
  return add_versions({false, 0, address}, std::move(options));
}

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
  Choice choice;
  std::vector<BlockPlan>& plans = block.versions;
  if (cases_.size() == 0) return instrument_version(plans.front(), block.use, data, choice);
  instrument_version(plans.front(), block.use, data, choice);
  if (!choice.made) return;
  if (may_wait(choice, plans.front())) return add_missing(block, choice);
  const BlockPlan bare = bare_of(plans.front());
  const size_t count = choice.cases.values.size() + 1;
  plans.resize(count, bare);
  for (choice.version = 1; choice.version < count; ++choice.version) {
    instrument_version(plans[choice.version], block.use, data, choice);
  }
  if (choice.cases.countdown != nullptr) add_countdown(plans.back(), data, choice);
  if (count > 1) block.by = switch_of(choice, choice.cases.values, false);
}

Versions Host::versions_named(uint8_t name) {
  CHECK(name != 0);
  return Versions(name - 1u);
}

translate::Switch Host::switch_of(const Choice& choice, std::vector<int32_t> values,
                                  bool has_missing) {
  const VersionSet& set = cases_.set(choice.versions);
  const uint8_t fixed = cases_.fixed_name(choice.versions);
  // Of blocks with the fixed first value alone, of which there are most, that is all there is to
  // know.
  if (fixed != 0 && values.size() == 1)
    return {set.selector, std::move(values), has_missing, fixed};
  std::vector<uint8_t> names = cases_.names_of(choice.versions, values);
  const uint8_t first = names.front();
  return {set.selector, std::move(values), has_missing, first, std::move(names)};
}

bool Host::may_wait(const Choice& choice, const BlockPlan& first) {
  // Blocks that may not fit with all their versions are cut where all are made.
  constexpr uint32_t kLargest = translate::Draft::kHotCapacity / 4;
  const VersionSet& set = cases_.set(choice.versions);
  const std::vector<int32_t>& values = set.options.values;
  if (values.empty() || choice.cases.values.size() != values.size()) return false;
  return value_of(set.selector) == values.front() && first.size_bound().hot <= kLargest &&
         !cases_.is_complete(first.tag);
}

const translate::CallSite& Host::missing_site(const translate::PlannedBlock& block,
                                              std::unique_ptr<translate::FragmentData>& data) {
  if (!data) data = std::make_unique<Additions>();
  CallSite& site = static_cast<Additions&>(*data).new_site();
  site.pc = block.versions.back().tag;
  site.purpose = CallSite::Purpose::kMissingVersions;
  site.versions = versions_named(block.by.name);
  return site;
}

void Host::add_missing(translate::PlannedBlock& block, const Choice& choice) {
  BlockPlan& rest = block.versions.emplace_back();
  rest.tag = block.versions.front().tag;
  rest.missing = this;
  block.by = switch_of(choice, {choice.cases.values.front()}, true);
}

bool Host::make_versions(ThreadView& view, const CallSite& site) {
  const AppPc tag = site.pc;
  view.thread().block().context.rip = tag.value;
  cases_.complete(tag);
  // Blocks with all their versions are not laid out together with others.
  const auto spread = [&](const cache::Fragment& fragment) {
    for (size_t i = 0; i < fragment.constituent_count(); ++i) {
      cases_.complete(fragment.constituent_tag(i));
    }
  };
  engine_->caches().for_each([&](const cache::CodeCache& cache) { cache.containing(tag, spread); });
  const VersionOptions& options = cases_.set(site.versions).options;
  const bool at_once = options.most_dynamic != 0 && options.threshold == 1;
  if (at_once && new_case(view, site)) return true;
  engine_->deletions().delete_fragment(tag);
  return true;
}

bool Host::new_case(ThreadView& view, const CallSite& site) {
  const AppPc tag = site.pc;
  const int64_t value = value_of(cases_.set(site.versions).selector);
  translate::ThreadBlock& block = view.thread().block();
  block.context.rip = tag.value;
  const CaseTable::Meeting meeting = cases_.met(site.versions, tag, value);
  if (meeting == CaseTable::Meeting::kKnown) {
    // Another thread has the block replaced just now, by one that has the version.
    engine_->deletions().delete_fragment(tag);
    return true;
  }
  if (meeting == CaseTable::Meeting::kNone) {
    // It is in its last run of code that another thread has had replaced.
    const cache::Fragment* fragment = view.thread().cache().fragment_at({block.call_resume});
    return fragment != nullptr && !fragment->is_live();
  }
  const auto met = static_cast<int32_t>(value);
  std::vector<AppPc> blocks{tag};
  // What is laid out together stays together: blocks with different cases would be fragments of
  // their own.
  const auto spread = [&](const cache::Fragment& fragment) {
    for (size_t i = 0; i < fragment.constituent_count(); ++i) {
      const AppPc other = fragment.constituent_tag(i);
      if (cases_.spread(site.versions, other, met)) blocks.push_back(other);
    }
  };
  engine_->caches().for_each([&](const cache::CodeCache& cache) { cache.containing(tag, spread); });
  for (const AppPc each : blocks) {
    tell(&view.thread(), "on_new_case()",
         [&](Tool& tool) { tool.on_new_case(site.versions, each.value, met); });
  }
  for (const AppPc each : blocks) engine_->deletions().delete_fragment(each);
  return true;
}

}  // namespace weft::tool
