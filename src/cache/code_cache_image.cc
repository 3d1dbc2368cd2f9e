// A cache that goes on where another process's ended.

#include <array>

#include "cache/code_cache_impl.h"
#include "cache/image_state.h"

namespace weft::cache {
namespace {

/// Those that tell of what is there, not of what has happened.
constexpr std::array kKept{Count::kLinked, Count::kRegistered, Count::kFragmentBytes};

}  // namespace

uint32_t CodeCache::delete_unless(const std::function<bool(const Fragment&)>& keeps) {
  constexpr uint32_t kStep = 64;  // fragments between two moments at which a fork may come in
  uint32_t died = 0;
  const uint32_t bound = impl_->parts.fragments.bound();
  for (uint32_t first = 0; first < bound; first += kStep) {
    Lifecycle::Dead dead;
    {
      Impl::Operation operation(*impl_);
      for (uint32_t id = first; id < first + kStep; ++id) {
        Fragment* const fragment = impl_->parts.live_fragment(id);
        if (fragment == nullptr || keeps(*fragment)) continue;
        if (impl_->lifecycle.kill(*fragment, dead)) ++died;
      }
    }
    impl_->bury(dead);
  }
  return died;
}

void CodeCache::delete_by_id(uint32_t id) {
  Lifecycle::Dead dead;
  {
    Impl::Operation operation(*impl_);
    const bool known = id != 0 && id < impl_->parts.fragments.bound();
    Fragment* const fragment = known ? impl_->parts.live_fragment(id) : nullptr;
    if (fragment != nullptr) impl_->lifecycle.kill(*fragment, dead);
  }
  impl_->bury(dead);
}

uint64_t CodeCache::count_if(const std::function<bool(const Fragment&)>& counts) const {
  const Impl::Operation operation(*impl_);
  uint64_t count = 0;
  const uint32_t bound = impl_->parts.fragments.bound();
  for (uint32_t id = 1; id < bound; ++id) {
    const Fragment* const fragment = impl_->parts.live_fragment(id);
    if (fragment != nullptr && counts(*fragment)) ++count;
  }
  return count;
}

uint64_t CodeCache::next_sequence() const {
  return impl_->parts.next_sequence.load(std::memory_order_relaxed);
}

std::optional<CodeCache::Image> CodeCache::image(
    const std::function<bool(const Fragment&)>& visit) {
  Parts& parts = impl_->parts;
  for (uint32_t id = 1; id < parts.fragments.bound(); ++id) {
    const Fragment* const fragment = parts.fragment(id);
    if (fragment != nullptr && fragment->is_live() && !visit(*fragment)) return std::nullopt;
  }
  const std::optional<AppRange> records = parts.memory.image();
  if (!records || !RecordPool::kPooled) return std::nullopt;
  // Zeros take no room in a file.
  parts.space.release_free();
  StateWriter out;
  out.put(records->end.value);
  parts.space.save(out);
  parts.records.save(out);
  parts.tags.save(out);
  parts.exits.save(out);
  parts.fragments.save(out);
  parts.index.save(out);
  out.put(parts.next_sequence.load());
  out.put(parts.counters.sum(Count::kMade) - parts.counters.sum(Count::kDied));
  for (const Count count : kKept) out.put(parts.counters.sum(count));
  Image image;
  image.memory = parts.space.image();
  image.memory.push_back({records->start, {page_up(records->end.value)}});
  image.state = out.take();
  return image;
}

bool CodeCache::resume(std::span<const uint8_t> state,
                       const std::function<bool(std::span<const AppRange>)>& map) {
  Parts& parts = impl_->parts;
  StateReader in(state);
  const uint64_t end_of_records = in.get<uint64_t>();
  const AppRange place = parts.options.records;
  if (!parts.memory.image() || end_of_records <= place.start.value ||
      end_of_records > place.end.value) {
    return false;
  }
  std::vector<AppRange> memory = parts.space.image_of(in);
  if (memory.empty()) return false;
  // Last: with it goes what the tables have been given since they were made.
  memory.push_back({place.start, {page_up(end_of_records)}});
  if (!map(memory)) return false;
  parts.memory.resume(page_up(end_of_records));
  parts.space.resume(in);
  parts.records.resume(in);
  parts.tags.resume(in);
  parts.exits.resume(in);
  parts.fragments.resume(in);
  parts.index.resume(in);
  parts.next_sequence.store(in.get<uint64_t>());
  const auto live = static_cast<int64_t>(in.get<uint64_t>());
  parts.counters.add(Count::kMade, live);
  parts.counters.add(Count::kResumed, live);
  for (const Count count : kKept)
    parts.counters.add(count, static_cast<int64_t>(in.get<uint64_t>()));
  // The state is whole: the caller has compared its checksum.
  CHECK(in.is_exact());
  return true;
}

}  // namespace weft::cache
