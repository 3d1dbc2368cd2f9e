#include "cache/limbo.h"

#include <algorithm>
#include <chrono>

namespace weft::cache {

Limbo::~Limbo() {
  for (Stripe& stripe : stripes_) {
    for (const Item& item : stripe.items) store_.destroy(*item.fragment);
  }
}

uint64_t Limbo::weight(const Fragment& fragment) {
  return fragment.code_bytes() + sizeof(Fragment) + fragment.state_map_size_ +
         fragment.constituent_count_ * sizeof(KeptConstituent) +
         fragment.exit_count_ * sizeof(Exit);
}

void Limbo::retire(std::span<Fragment* const> dead, bool heard_of) {
  if (dead.empty()) return;
  const uint64_t epoch = parts_.epochs.advance();
  uint64_t bytes = 0;
  for (const Fragment* fragment : dead) bytes += weight(*fragment);
  // Counted before they can be taken out again, so that the sums never go below zero.
  count_.fetch_add(dead.size(), std::memory_order_relaxed);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  Stripe& stripe = stripes_[stripe_of_caller()];
  Locked held(stripe.lock);
  for (Fragment* fragment : dead) stripe.items.push_back({epoch, fragment, heard_of});
}

void Limbo::reclaim() {
  if (count_.load(std::memory_order_relaxed) < next_count_.load(std::memory_order_relaxed) &&
      bytes_.load(std::memory_order_relaxed) < next_bytes_.load(std::memory_order_relaxed)) {
    return;
  }
  reclaim_now();
  if (over_bound()) nudge_slow_threads();
}

void Limbo::reclaim_now() {
  if (count_.load(std::memory_order_relaxed) == 0) return;
  if (busy_.exchange(true, std::memory_order_acquire)) return;
  free_items(take_reclaimable());
  // What is left is held back by somebody; the next attempt comes when as much again has died.
  next_count_.store(count_.load(std::memory_order_relaxed) + kBatch, std::memory_order_relaxed);
  next_bytes_.store(bytes_.load(std::memory_order_relaxed) + kBatchBytes,
                    std::memory_order_relaxed);
  busy_.store(false, std::memory_order_release);
}

std::vector<Limbo::Item> Limbo::take_reclaimable() {
  OperationGate::Pass pass(gate_);
  std::vector<Item> free;
  const uint64_t newest = parts_.epochs.freeable();
  for (Stripe& stripe : stripes_) {
    Locked held(stripe.lock);
    const auto kept = std::partition(stripe.items.begin(), stripe.items.end(),
                                     [newest](const Item& item) { return item.epoch > newest; });
    free.insert(free.end(), kept, stripe.items.end());
    stripe.items.erase(kept, stripe.items.end());
  }
  return free;
}

void Limbo::free_items(const std::vector<Item>& items) {
  if (items.empty()) return;
  barrier_.threads();
  uint64_t bytes = 0;
  for (const Item& item : items) {
    bytes += weight(*item.fragment);
    const auto before = item.fragment->state_.exchange(FragmentState::kReclaimed);
    CHECK(before == FragmentState::kDead);
    if (item.heard_of && listener_ != nullptr) listener_->on_reclaimed(*item.fragment);
    OperationGate::Pass pass(gate_);
    store_.destroy(*item.fragment);
    if (item.heard_of) parts_.counters.add(Count::kReclaimed);
  }
  count_.fetch_sub(items.size(), std::memory_order_relaxed);
  bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

void Limbo::nudge_slow_threads() {
  if (!nudge_) return;
  constexpr int64_t kPause = 1'000'000;
  const int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  int64_t due = next_nudge_.load(std::memory_order_relaxed);
  if (now < due || !next_nudge_.compare_exchange_strong(due, now + kPause)) return;
  parts_.epochs.for_each_older(parts_.epochs.current(), [this](EpochSlot& slot) {
    parts_.counters.add(Count::kNudges);
    nudge_(slot);
  });
}

}  // namespace weft::cache
