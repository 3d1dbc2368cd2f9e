// What a fork holds, so that its child finds no record of the runtime half changed: one list in the
// order of LockRank. Filled once, before the program runs; then any thread.
#pragma once

#include <vector>

#include "base/lock_order.h"
#include "base/spin_lock.h"

namespace weft {

class ForkLocks {
 public:
  template <LockRank kRank>
  void add(SpinLock<kRank>& lock) {
    using Lock = SpinLock<kRank>;
    add({kRank, &lock, [](void* object) { take<Lock>(object); },
         [](void* object, bool) { give<Lock>(object); }});
  }
  /// What is more than one lock: `object` has lock_for_fork() and unlock_after_fork(child).
  template <class Object>
  void add(LockRank rank, Object& object) {
    add({rank, &object, [](void* it) { static_cast<Object*>(it)->lock_for_fork(); },
         [](void* it, bool child) { static_cast<Object*>(it)->unlock_after_fork(child); }});
  }

  /// Whether each lock is there that a fork always takes.
  bool has_all() const;

  /// In order.
  void lock();
  /// The other way round. `child`: in the child of the fork, whose thread did lock().
  void unlock(bool child);

 private:
  struct Entry {
    LockRank rank;
    void* object;
    void (*lock)(void* object);
    void (*unlock)(void* object, bool child);
  };

  // Held beyond what the compiler sees: from one function to the other.
  template <class Lock>
  static void take(void* lock) NO_THREAD_SAFETY_ANALYSIS {
    static_cast<Lock*>(lock)->lock();
  }
  template <class Lock>
  static void give(void* lock) NO_THREAD_SAFETY_ANALYSIS {
    static_cast<Lock*>(lock)->unlock();
  }
  void add(const Entry& entry);

  std::vector<Entry> entries_;
  int holder_ = 0;  ///< the thread that has all of them
};

}  // namespace weft
