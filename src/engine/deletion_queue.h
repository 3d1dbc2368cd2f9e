// Deletions that were asked for where none can be made: a bounded queue of tags. Any thread, and
// any signal handler; nobody waits for anybody. What does not fit is refused and counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/check.h"

namespace weft::engine {

class DeletionQueue {
 public:
  static constexpr uint32_t kCapacity = 4096;

  DeletionQueue();
  ~DeletionQueue();
  DeletionQueue(const DeletionQueue&) = delete;
  DeletionQueue& operator=(const DeletionQueue&) = delete;

  /// False if the queue is full.
  SIGNAL_SAFE bool push(AppPc tag);
  /// The oldest request; nothing if there is none, or if its writer was interrupted half-way.
  std::optional<AppPc> pop();
  /// Sequentially consistent: whoever announced something before this look, and sees nothing, is
  /// seen by the asker that looks for such announcements after its push.
  bool has_requests() const {
    return taken_.load(std::memory_order_seq_cst) != asked_.load(std::memory_order_seq_cst);
  }
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

  /// In the child of a fork, on its only thread: writers and readers that were half-way are gone.
  void after_fork_child();

 private:
  /// The turn tells whose move it is: the number of the push that may write here, or that plus one
  /// for the pop that may read. Less the cell's place, so that memory which nobody has touched is
  /// an empty queue.
  struct Cell {
    std::atomic<uint64_t> turn;
    std::atomic<uint64_t> tag;
  };

  Cell& cell(uint64_t number) { return cells_[number % kCapacity]; }
  uint64_t turn(uint64_t number, std::memory_order order) {
    return cell(number).turn.load(order) + number % kCapacity;
  }
  void set_turn(uint64_t number, uint64_t turn, std::memory_order order) {
    cell(number).turn.store(turn - number % kCapacity, order);
  }

  alignas(64) std::atomic<uint64_t> asked_{0};
  alignas(64) std::atomic<uint64_t> taken_{0};
  std::atomic<uint64_t> refused_{0};
  Cell* cells_;
};

}  // namespace weft::engine
