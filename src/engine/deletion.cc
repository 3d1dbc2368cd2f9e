#include "engine/deletion.h"

#include <array>
#include <optional>

namespace weft::engine {

cache::Deleted Deletions::delete_fragment(AppPc tag, cache::Scope scope) {
  prepare_();
  cache::Deleted all;
  caches_.for_each([&](cache::CodeCache& cache) {
    const cache::Deleted deleted = cache.delete_fragment(tag, scope);
    all.block |= deleted.block;
    all.trace |= deleted.trace;
    all.containing += deleted.containing;
  });
  return all;
}

uint64_t Deletions::delete_fragments(std::span<const AppPc> tags, cache::Scope scope) {
  if (tags.empty()) return 0;
  prepare_();
  uint64_t died = 0;
  caches_.for_each([&](cache::CodeCache& cache) { died += cache.delete_fragments(tags, scope); });
  return died;
}

uint64_t Deletions::delete_region(AppRange range) {
  prepare_();
  return caches_.delete_region(range);
}

bool Deletions::request(AppPc tag) {
  if (!requests_.push(tag)) return false;
  if (wake_) wake_();
  return true;
}

void Deletions::serve_requests() {
  // Several at a time, and no more than were there: others may keep asking.
  constexpr size_t kBatch = 64;
  std::array<AppPc, kBatch> tags;
  for (uint32_t served = 0; served < DeletionQueue::kCapacity; served += kBatch) {
    size_t count = 0;
    while (count < kBatch) {
      const std::optional<AppPc> tag = requests_.pop();
      if (!tag) break;
      tags[count++] = *tag;
    }
    delete_fragments(std::span(tags).first(count), cache::Scope::kAll);
    if (count < kBatch) return;
  }
}

bool Deletions::exists(AppPc tag) const {
  bool found = false;
  caches_.for_each([&](const cache::CodeCache& cache) { found |= cache.find(tag).value != 0; });
  return found;
}

bool Deletions::await_quiescence(uint64_t timeout_ns, const cache::EpochSlot* own) {
  if (own != nullptr && own->announced.load(std::memory_order_relaxed) != 0) return false;
  // Epochs are those of all caches.
  if (!caches_.at(0).await_quiescence(timeout_ns)) return false;
  caches_.for_each([](cache::CodeCache& cache) { cache.reclaim_now(); });
  return true;
}

}  // namespace weft::engine
