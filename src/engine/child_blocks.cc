#include "engine/child_blocks.h"

#include "linux/kernel/runtime_words.h"

namespace weft::engine {
namespace {

using translate::Arrival;

// A block in a word: bits 0-1 the arrival and 1, so that no block is 0; bit 2: noted twice.
constexpr uint64_t kArrivalBits = 2;
constexpr uint64_t kTwice = uint64_t{1} << kArrivalBits;
constexpr uint64_t kTagShift = kArrivalBits + 1;

uint64_t pack(const ChildBlocks::Block& block) {
  return block.tag.value << kTagShift | (static_cast<uint64_t>(block.arrival) + 1);
}

ChildBlocks::Block unpack(uint64_t word) {
  return {{word >> kTagShift}, static_cast<Arrival>((word & (kTwice - 1)) - 1)};
}

}  // namespace

ChildBlocks::~ChildBlocks() {
  unmap(parents_);
  unmap(newest_);
}

ChildBlocks::Shared* ChildBlocks::map(pid_t reader) {
  auto* made =
      static_cast<Shared*>(linux::map_runtime_words(sizeof(Shared), linux::InChild::kShared));
  if (made != nullptr) made->reader = reader;
  return made;
}

void ChildBlocks::unmap(Shared* shared) {
  if (shared != nullptr) linux::unmap_runtime_words(shared, sizeof(Shared));
}

void ChildBlocks::before_fork(pid_t pid) {
  if (newest_ != nullptr && newest_->reader == pid) return;
  Shared* const mine = map(pid);
  if (mine == nullptr) return;
  unmap(parents_);
  parents_ = newest_;
  newest_ = mine;
}

void ChildBlocks::tell(pid_t pid, const Block& block) {
  Shared* const parents = newest_->reader == pid ? parents_ : newest_;
  if (parents == nullptr) return;
  const uint64_t word = pack(block);
  if (unpack(word).tag != block.tag) return;
  constexpr uint64_t kMix = 0x9e37'79b9'7f4a'7c15;
  constexpr uint64_t kPlaceShift = 52;
  static_assert(uint64_t{1} << (64 - kPlaceShift) == kPlaces);
  std::atomic<uint64_t>& place = parents->seen[block.tag.value * kMix >> kPlaceShift];
  // Relaxed, all of it: words are whole, and none says anything about other memory.
  const uint64_t before = place.load(std::memory_order_relaxed);
  if (before == (word | kTwice)) return;
  if (before != word) {
    place.store(word, std::memory_order_relaxed);
    return;
  }
  place.store(word | kTwice, std::memory_order_relaxed);
  const uint32_t number = parents->written.fetch_add(1, std::memory_order_relaxed);
  parents->wanted[number % kPlaces].store(word, std::memory_order_relaxed);
}

std::optional<ChildBlocks::Block> ChildBlocks::take(pid_t pid) {
  if (newest_ == nullptr || newest_->reader != pid) return std::nullopt;
  for (;;) {
    uint32_t number = newest_->read.load(std::memory_order_relaxed);
    if (number == newest_->written.load(std::memory_order_relaxed)) return std::nullopt;
    if (!newest_->read.compare_exchange_weak(number, number + 1, std::memory_order_relaxed)) {
      continue;
    }
    const uint64_t word = newest_->wanted[number % kPlaces].exchange(0, std::memory_order_relaxed);
    // Its writer has not come that far, or the ring has gone round: another child will tell.
    if ((word & (kTwice - 1)) != 0) return unpack(word);
  }
}

}  // namespace weft::engine
