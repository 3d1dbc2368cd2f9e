// Locks, events and atomic words.
#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#include "dr_api.h"

namespace {

/// A mutex that knows its owner. Owners are named by the address of a variable of the thread.
class Mutex {
 public:
  explicit Mutex(bool recursive) : recursive_(recursive) {}

  void lock() {
    if (recursive_ && is_mine()) {
      ++depth_;
      return;
    }
    mutex_.lock();
    owner_.store(self(), std::memory_order_relaxed);
  }
  bool try_lock() {
    if (recursive_ && is_mine()) return ++depth_, true;
    if (!mutex_.try_lock()) return false;
    owner_.store(self(), std::memory_order_relaxed);
    return true;
  }
  void unlock() {
    if (depth_ != 0) {
      --depth_;
      return;
    }
    owner_.store(nullptr, std::memory_order_relaxed);
    mutex_.unlock();
  }
  bool is_mine() const { return owner_.load(std::memory_order_relaxed) == self(); }

 private:
  static const void* self() {
    static thread_local const char mark = 0;
    return &mark;
  }

  const bool recursive_;
  std::mutex mutex_;
  std::atomic<const void*> owner_{nullptr};
  unsigned depth_ = 0;  ///< under mutex_: locks of the owner's beyond the first
};

struct ReadWriteLock {
  std::shared_mutex mutex;
  std::atomic<pthread_t> writer{0};
};

struct Event {
  std::mutex mutex;
  std::condition_variable changed;
  bool signalled = false;  ///< under mutex
};

Mutex& mutex_of(void* mutex) { return *static_cast<Mutex*>(mutex); }
ReadWriteLock& rwlock_of(void* lock) { return *static_cast<ReadWriteLock*>(lock); }

}  // namespace

extern "C" {

void* dr_mutex_create() { return new Mutex(false); }
void dr_mutex_destroy(void* mutex) { delete static_cast<Mutex*>(mutex); }
void dr_mutex_lock(void* mutex) { mutex_of(mutex).lock(); }
void dr_mutex_unlock(void* mutex) { mutex_of(mutex).unlock(); }
bool dr_mutex_trylock(void* mutex) { return mutex_of(mutex).try_lock(); }
bool dr_mutex_self_owns(void* mutex) { return mutex_of(mutex).is_mine(); }
// Threads are never stopped where they hold a lock.
bool dr_mutex_mark_as_app(void*) { return true; }

void* dr_recurlock_create() { return new Mutex(true); }
void dr_recurlock_destroy(void* reclock) { delete static_cast<Mutex*>(reclock); }
void dr_recurlock_lock(void* reclock) { mutex_of(reclock).lock(); }
void dr_app_recurlock_lock(void* reclock, dr_mcontext_t*) { mutex_of(reclock).lock(); }
void dr_recurlock_unlock(void* reclock) { mutex_of(reclock).unlock(); }
bool dr_recurlock_trylock(void* reclock) { return mutex_of(reclock).try_lock(); }
bool dr_recurlock_self_owns(void* reclock) { return mutex_of(reclock).is_mine(); }
bool dr_recurlock_mark_as_app(void*) { return true; }

void* dr_rwlock_create() { return new ReadWriteLock(); }
void dr_rwlock_destroy(void* rwlock) { delete static_cast<ReadWriteLock*>(rwlock); }
void dr_rwlock_read_lock(void* rwlock) { rwlock_of(rwlock).mutex.lock_shared(); }
void dr_rwlock_read_unlock(void* rwlock) { rwlock_of(rwlock).mutex.unlock_shared(); }
void dr_rwlock_write_lock(void* rwlock) {
  rwlock_of(rwlock).mutex.lock();
  rwlock_of(rwlock).writer = pthread_self();
}
void dr_rwlock_write_unlock(void* rwlock) {
  rwlock_of(rwlock).writer = 0;
  rwlock_of(rwlock).mutex.unlock();
}
bool dr_rwlock_write_trylock(void* rwlock) {
  if (!rwlock_of(rwlock).mutex.try_lock()) return false;
  rwlock_of(rwlock).writer = pthread_self();
  return true;
}
bool dr_rwlock_self_owns_write_lock(void* rwlock) {
  return rwlock_of(rwlock).writer == pthread_self();
}
bool dr_rwlock_mark_as_app(void*) { return true; }

void* dr_event_create() { return new Event(); }
bool dr_event_destroy(void* event) { return delete static_cast<Event*>(event), true; }
bool dr_event_wait(void* event) {
  Event& waited = *static_cast<Event*>(event);
  std::unique_lock held(waited.mutex);
  waited.changed.wait(held, [&] { return waited.signalled; });
  return true;
}
bool dr_event_signal(void* event) {
  Event& signalled = *static_cast<Event*>(event);
  const std::lock_guard held(signalled.mutex);
  signalled.signalled = true;
  signalled.changed.notify_all();
  return true;
}
bool dr_event_reset(void* event) {
  Event& reset = *static_cast<Event*>(event);
  const std::lock_guard held(reset.mutex);
  reset.signalled = false;
  return true;
}
bool dr_mark_safe_to_suspend(void*, bool) { return true; }

int dr_atomic_add32_return_sum(volatile int* dest, int val) {
  return __atomic_add_fetch(dest, val, __ATOMIC_SEQ_CST);
}
int64 dr_atomic_add64_return_sum(volatile int64* dest, int64 val) {
  return __atomic_add_fetch(dest, val, __ATOMIC_SEQ_CST);
}
int dr_atomic_load32(volatile int* src) { return __atomic_load_n(src, __ATOMIC_ACQUIRE); }
void dr_atomic_store32(volatile int* dest, int val) {
  __atomic_store_n(dest, val, __ATOMIC_RELEASE);
}
int64 dr_atomic_load64(volatile int64* src) { return __atomic_load_n(src, __ATOMIC_ACQUIRE); }
void dr_atomic_store64(volatile int64* dest, int64 val) {
  __atomic_store_n(dest, val, __ATOMIC_RELEASE);
}

}  // extern "C"
