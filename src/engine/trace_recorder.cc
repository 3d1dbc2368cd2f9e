#include "engine/trace_recorder.h"

#include <utility>

namespace weft::engine {
namespace {

using PublishError = cache::CodeCache::PublishError;

}  // namespace

translate::Environment for_probes(translate::Environment environment) {
  environment.indirect = translate::IndirectMode::kDispatch;
  environment.returns = translate::ReturnMode::kJump;
  environment.pairs_returns = nullptr;
  environment.branch_choice = nullptr;
  environment.max_blocks = 1;
  environment.entries_anywhere = false;
  environment.traces = false;
  return environment;
}

TraceRecorder::TraceRecorder(const translate::Environment& environment, cache::CodeCache& cache,
                             translate::ProgramCode& code, translate::SuperblockBuilder& builder,
                             Hooks* hooks, const Observers& observers, uint32_t threshold,
                             uint64_t& made)
    : environment_(for_probes(environment)),
      cache_(cache),
      probes_(environment_, cache, code, hooks),
      builder_(builder),
      observers_(observers),
      threshold_(threshold),
      made_(made) {}

void TraceRecorder::count(AppPc tag) {
  if (recording_) return;
  Head& head = heads_[tag.value];
  if (head.failures >= kMostFailures) {
    cache_.link_counted(tag);
    return;
  }
  if (++head.count < threshold_ || cache_.has_trace(tag)) return;
  head.count = 0;
  recording_ = true;
  interrupted_ = false;
  head_ = tag;
  path_.clear();
}

bool TraceRecorder::ends_at(AppPc tag) const {
  if (path_.empty()) return false;
  return interrupted_ || tag == head_ || path_.size() == kMostBlocks || cache_.has_trace(tag);
}

CachePc TraceRecorder::next_probe(AppPc tag) {
  if (!recording_) return {};
  if (!ends_at(tag) && probes_.build(tag, translate::Arrival::kDirect)) {
    const auto published = cache_.publish(probes_.draft().spec(cache::FragmentKind::kProbe));
    if (published.error == PublishError::kNone) {
      // The fragment's now.
      static_cast<void>(probes_.draft().tool_data.release());
      observers_.published(*published.fragment);
      path_.push_back(tag);
      probe_ = published.fragment;
      return published.entry;
    }
  }
  finish();
  return {};
}

void TraceRecorder::leave(bool by_branch) {
  if (probe_ == nullptr) return;
  cache_.discard(*std::exchange(probe_, nullptr));
  interrupted_ = !by_branch;
}

void TraceRecorder::finish() {
  recording_ = false;
  Head& head = heads_[head_.value];
  // A loop of one block gains nothing.
  if (path_.size() < 2) {
    head.failures = kMostFailures;
  } else if (make_trace()) {
    ++made_;
  } else {
    ++head.failures;
  }
}

bool TraceRecorder::make_trace() {
  if (!builder_.build_trace(path_)) return false;
  const auto published = cache_.publish(builder_.draft().spec(cache::FragmentKind::kTrace));
  if (published.error != PublishError::kNone) return false;
  static_cast<void>(builder_.draft().tool_data.release());
  observers_.published(*published.fragment);
  return true;
}

}  // namespace weft::engine
