// The lock of a container: its owner may take it again.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>

namespace weft::dynamorio {

class ContainerLock {
 public:
  void lock() {
    mutex_.lock();
    owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    ++depth_;
  }

  void unlock() {
    if (--depth_ == 0) owner_.store({}, std::memory_order_relaxed);
    mutex_.unlock();
  }

  bool is_mine() const {
    return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

 private:
  std::recursive_mutex mutex_;
  std::atomic<std::thread::id> owner_;
  int depth_ = 0;  // of the owner's
};

/// Holds the lock for a scope if `wanted`.
class Hold {
 public:
  Hold(void* lock, bool wanted) : lock_(wanted ? static_cast<ContainerLock*>(lock) : nullptr) {
    if (lock_ != nullptr) lock_->lock();
  }
  ~Hold() {
    if (lock_ != nullptr) lock_->unlock();
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

 private:
  ContainerLock* lock_;
};

}  // namespace weft::dynamorio
