#include "tool/code_view.h"

#include "engine/engine.h"
#include "tool/thread_view.h"

namespace weft::tool {
namespace {

AppRange range_of(Range range) { return {{range.start}, {range.end}}; }

}  // namespace

FragmentInfo describe(const cache::Fragment& fragment) {
  FragmentInfo info;
  info.tag = fragment.tag().value;
  info.is_trace = fragment.kind() == cache::FragmentKind::kTrace;
  info.sequence = fragment.sequence();
  info.code_bytes = fragment.code_bytes();
  for (size_t i = 0; i < fragment.constituent_count(); ++i) {
    const AppRange bytes = fragment.constituent_bytes(i);
    info.constituents.push_back(
        {fragment.constituent_tag(i).value, {bytes.start.value, bytes.end.value}});
  }
  return info;
}

namespace {

/// Probes are of no interest: no tag leads to them, and they die when they have run.
void add_to(std::vector<FragmentInfo>& list, const cache::Fragment& fragment) {
  if (fragment.kind() != cache::FragmentKind::kProbe) list.push_back(describe(fragment));
}

}  // namespace

bool CodeView::put_off(std::function<void(engine::Deletions&)> deletion) {
  if (!engine_->on_program_thread()) return false;
  auto* view = static_cast<ThreadView*>(engine::Thread::current().tool_thread);
  if (view == nullptr || !view->is_shown_block) return false;
  view->put_off.push_back(std::move(deletion));
  return true;
}

Deleted CodeView::delete_fragment(Address tag, Scope scope) {
  const auto later = [=](engine::Deletions& all) { all.delete_fragment({tag}, scope); };
  if (put_off(later)) return {};
  return engine_->deletions().delete_fragment({tag}, scope);
}

uint64_t CodeView::delete_fragments(std::span<const Address> tags, Scope scope) {
  std::vector<AppPc> all;
  all.reserve(tags.size());
  for (const Address tag : tags) all.push_back({tag});
  const auto later = [=](engine::Deletions& each) { each.delete_fragments(all, scope); };
  if (put_off(later)) return 0;
  return engine_->deletions().delete_fragments(all, scope);
}

uint64_t CodeView::delete_region(Range range) {
  const auto later = [=](engine::Deletions& all) { all.delete_region(range_of(range)); };
  if (put_off(later)) return 0;
  return engine_->deletions().delete_region(range_of(range));
}

uint64_t CodeView::delete_all() {
  const auto later = [](engine::Deletions& all) { all.delete_all(); };
  return put_off(later) ? 0 : engine_->deletions().delete_all();
}

bool CodeView::request_delete(Address tag) { return engine_->deletions().request({tag}); }

bool CodeView::exists(Address tag) { return engine_->deletions().exists({tag}); }

std::vector<FragmentInfo> CodeView::fragments_at(Address tag) {
  std::vector<FragmentInfo> result;
  for (FragmentInfo& info : containing(tag)) {
    if (info.tag == tag) result.push_back(std::move(info));
  }
  return result;
}

std::vector<FragmentInfo> CodeView::containing(Address tag) {
  std::vector<FragmentInfo> result;
  const cache::EpochGuard guard(engine_->epochs());
  engine_->caches().for_each([&](const cache::CodeCache& cache) {
    cache.containing(guard, {tag}, [&](cache::Fragment& fragment) { add_to(result, fragment); });
  });
  return result;
}

std::vector<FragmentInfo> CodeView::fragments_in(Range range) {
  std::vector<FragmentInfo> result;
  const cache::EpochGuard guard(engine_->epochs());
  engine_->caches().for_each([&](const cache::CodeCache& cache) {
    cache.fragments_in(guard, range_of(range),
                       [&](cache::Fragment& fragment) { add_to(result, fragment); });
  });
  return result;
}

bool CodeView::await_quiescence(uint64_t timeout_ns) {
  if (engine_->on_program_thread()) return false;
  return engine_->deletions().await_quiescence(timeout_ns);
}

DeletedInThread CodeView::delete_in_thread(int thread, Address tag, Scope scope) {
  cache::CodeCache* cache = nullptr;
  if (thread != 0) {
    cache = engine_->cache_of(thread);
  } else if (engine_->on_program_thread()) {
    cache = &engine::Thread::current().cache();
  }
  if (cache == nullptr) return {};
  if (!engine_->is_private(*cache)) return {ThreadCache::kShared, {}};
  const auto later = [=](engine::Deletions&) { cache->delete_fragment({tag}, scope); };
  if (put_off(later)) return {ThreadCache::kOwn, {}};
  return {ThreadCache::kOwn, cache->delete_fragment({tag}, scope)};
}

}  // namespace weft::tool
