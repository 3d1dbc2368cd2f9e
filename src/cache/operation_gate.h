// Lets a fork wait until no operation of the cache is half done: everything that changes the
// cache's structures passes through. Any thread; passes are not nested.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/spin_lock.h"
#include "cache/stripe.h"

namespace weft::cache {

class OperationGate {
 public:
  class Pass {
   public:
    explicit Pass(OperationGate& gate) : inside_(gate.enter()) {}
    // Release: what the operation did is seen by the fork that waited for it.
    ~Pass() { inside_.fetch_sub(1, std::memory_order_release); }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    std::atomic<uint32_t>& inside_;
  };

  /// Waits until nobody is inside; nobody enters until open(). Only one thread at a time gets
  /// through.
  void close() ACQUIRE(closer_);
  void open() RELEASE(closer_);

 private:
  friend class Pass;
  struct alignas(kCacheLine) Counter {
    std::atomic<uint32_t> inside{0};
  };

  std::atomic<uint32_t>& enter();

  std::array<Counter, kStripes> counters_;
  std::atomic<bool> closed_{false};
  SpinLock<LockRank::kGate> closer_;
};

}  // namespace weft::cache
