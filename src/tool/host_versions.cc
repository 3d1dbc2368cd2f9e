// Versions of blocks: what tools make, and what comes up while the program runs.
#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "cache/part.h"
#include "engine/engine.h"
#include "tool/block_view.h"
#include "tool/host.h"

namespace weft::tool {

Versions Host::add_versions(translate::Word selector, VersionOptions options) {
  constexpr int32_t kLimit = 1 << 30;
  const std::vector<int32_t>& values = options.values;
  if (starting_.empty()) fail("new_versions() is for on_start()");
  if (cases_.size() == kMostVersionSets) fail("no more than 16 versions");
  if (options.threshold == 0) fail("new_versions() with a threshold of 0");
  std::vector<int32_t> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const bool twice = std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
  if (twice || (!sorted.empty() && (sorted.front() <= -kLimit || sorted.back() >= kLimit))) {
    fail("new_versions() with a value twice, or out of range");
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

int64_t Host::value_of(const translate::Word& word) {
  const uint64_t* cell = word.per_thread ? &engine::Thread::current().block().tool_words[word.index]
                                         : reinterpret_cast<const uint64_t*>(word.address);
  return static_cast<int64_t>(__atomic_load_n(cell, __ATOMIC_RELAXED));
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
  {
    const cache::EpochGuard held(engine_->epochs());
    engine_->caches().for_each(
        [&](const cache::CodeCache& cache) { cache.containing(held, tag, spread); });
  }
  if (gets_case_at_once(site.versions) && new_case(view, site)) return true;
  engine_->deletions().delete_fragment(tag);
  return true;
}

bool Host::gets_case_at_once(Versions versions) const {
  // Of several sets, the block is entered anew first.
  if (versions.number() >= cases_.size()) return false;
  const VersionOptions& options = cases_.set(versions).options;
  return options.most_dynamic != 0 && options.threshold == 1;
}

bool Host::new_case(ThreadView& view, const CallSite& site) {
  const AppPc tag = site.pc;
  const int64_t value = value_of(cases_.set(site.versions).selector);
  translate::ThreadBlock& block = view.thread().block();
  block.context.rip = tag.value;
  const CaseTable::Meeting meeting = cases_.met(site.versions, tag, value);
  if (meeting == CaseTable::Meeting::kKnown) {
    // Another thread has the block replaced just now, by one that has the version.
    replace_case(site);
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
  {
    const cache::EpochGuard held(engine_->epochs());
    engine_->caches().for_each(
        [&](const cache::CodeCache& cache) { cache.containing(held, tag, spread); });
  }
  for (const AppPc each : blocks) {
    tell(&view.thread(), "on_new_case()",
         [&](Tool& tool) { tool.on_new_case(site.versions, each.value, met); });
  }
  replace_case(site);
  for (const AppPc each : std::span(blocks).subspan(1)) engine_->deletions().delete_fragment(each);
  return true;
}

void Host::replace_case(const CallSite& site) {
  if (site.part == 0) return void(engine_->deletions().delete_fragment(site.pc));
  const Box box = parts_.box_of(site.pc, site.part);
  const BlockCases cases = cases_.cases_of(site.versions, site.pc, [this] { return new_word(); });
  const auto count = std::count_if(cases.values.begin(), cases.values.end(),
                                   [&](int32_t value) { return box.holds(site.versions, value); });
  // A part that has come to too many is divided, by what leads to it.
  const bool divides = count >= static_cast<long>(translate::PlannedBlock::kMostVersions);
  engine_->deletions().delete_fragment(divides ? site.pc
                                               : cache::part_of_block(site.pc, site.part));
}

}  // namespace weft::tool
