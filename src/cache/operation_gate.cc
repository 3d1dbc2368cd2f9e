#include "cache/operation_gate.h"

#include <thread>

namespace weft::cache {

std::atomic<uint32_t>& OperationGate::enter() {
  std::atomic<uint32_t>& inside = counters_[stripe_of_caller()].inside;
  for (;;) {
    // Sequentially consistent, as in close(): one of the two sees the other.
    inside.fetch_add(1, std::memory_order_seq_cst);
    if (!closed_.load(std::memory_order_seq_cst)) return inside;
    inside.fetch_sub(1, std::memory_order_release);
    closed_.wait(true, std::memory_order_relaxed);
  }
}

void OperationGate::close() {
  closer_.lock();
  closed_.store(true, std::memory_order_seq_cst);
  for (Counter& counter : counters_) {
    while (counter.inside.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
  }
}

void OperationGate::open() {
  closed_.store(false, std::memory_order_release);
  closed_.notify_all();
  closer_.unlock();
}

}  // namespace weft::cache
