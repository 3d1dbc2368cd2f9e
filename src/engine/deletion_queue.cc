#include "engine/deletion_queue.h"

#include <vector>

#include "linux/kernel/runtime_words.h"

namespace weft::engine {

DeletionQueue::DeletionQueue() {
  void* memory = linux::map_runtime_words(kCapacity * sizeof(Cell), linux::InChild::kCopied);
  CHECK(memory != nullptr);
  cells_ = static_cast<Cell*>(memory);
}

DeletionQueue::~DeletionQueue() { linux::unmap_runtime_words(cells_, kCapacity * sizeof(Cell)); }

bool DeletionQueue::push(AppPc tag) {
  uint64_t number = asked_.load(std::memory_order_relaxed);
  for (;;) {
    // Acquire: the pop that freed the cell has read it.
    const uint64_t now = turn(number, std::memory_order_acquire);
    if (now == number) {
      if (asked_.compare_exchange_weak(number, number + 1, std::memory_order_seq_cst)) break;
    } else if (now < number) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return false;
    } else {
      number = asked_.load(std::memory_order_relaxed);
    }
  }
  cell(number).tag.store(tag.value, std::memory_order_relaxed);
  // Release: the tag must be seen with the turn.
  set_turn(number, number + 1, std::memory_order_release);
  return true;
}

std::optional<AppPc> DeletionQueue::pop() {
  uint64_t number = taken_.load(std::memory_order_relaxed);
  for (;;) {
    // Acquire: pairs with push().
    const uint64_t now = turn(number, std::memory_order_acquire);
    if (now == number + 1) {
      if (taken_.compare_exchange_weak(number, number + 1, std::memory_order_seq_cst)) break;
    } else if (now < number + 1) {
      return std::nullopt;
    } else {
      number = taken_.load(std::memory_order_relaxed);
    }
  }
  const AppPc tag{cell(number).tag.load(std::memory_order_relaxed)};
  // Release: the tag was read before the cell is written again.
  set_turn(number, number + kCapacity, std::memory_order_release);
  return tag;
}

void DeletionQueue::after_fork_child() {
  const uint64_t end = asked_.load(std::memory_order_relaxed);
  // As it was made, so its pages need not be the child's own.
  if (end == 0) return;
  std::vector<AppPc> whole;
  for (uint64_t i = taken_.load(std::memory_order_relaxed); i != end; ++i) {
    if (turn(i, std::memory_order_relaxed) != i + 1) continue;
    whole.push_back({cell(i).tag.load(std::memory_order_relaxed)});
  }
  asked_.store(0, std::memory_order_relaxed);
  taken_.store(0, std::memory_order_relaxed);
  for (uint64_t i = 0; i < kCapacity; ++i) set_turn(i, i, std::memory_order_relaxed);
  for (const AppPc tag : whole) push(tag);
}

}  // namespace weft::engine
