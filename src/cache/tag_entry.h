// What the cache knows of one program address. Entries live as long as the cache; the fields change
// only under the tag's lock, of which a thread holds at most one at a time.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/address.h"
#include "base/spin_lock.h"
#include "cache/fragment.h"
#include "cache/members.h"
#include "cache/stripe.h"

namespace weft::cache {

/// Offsets are into the code reservation; 0 (which is never handed out) means none.
struct alignas(kCacheLine) TagEntry {
  explicit TagEntry(AppPc t) : tag(t) {}

  const AppPc tag;
  std::atomic<uint32_t> direct{0};  ///< where links and the dispatcher enter; read without the lock
  std::atomic<uint32_t> generation{0};  ///< deletions so far; read without the lock
  Fragment* block = nullptr;
  Fragment* trace = nullptr;
  uint32_t block_direct = 0;
  uint32_t block_indirect = 0;
  uint32_t trace_indirect = 0;
  ExitId exits = kNoExit;  ///< first of the exits whose target this is, linked or waiting
  uint32_t published = 0;  ///< what indirect branches to the tag read; 0: the miss path
  SpinLock lock;           ///< the tag's; in the line that whoever takes it is about to use
  Members members;         ///< fragments with this block as a constituent other than the head
};

/// What the locks of all tags have in common.
class TagLocks {
 public:
  explicit TagLocks(std::atomic<uint64_t>* contention = nullptr) : contention_(contention) {}

 private:
  friend class TagLock;

  std::atomic<uint64_t>* contention_;  ///< counts locks that were not free at once
};

/// Holds the lock of one entry, and proves it. Under WEFT_DEBUG a thread that takes a second one is
/// stopped, with both places named.
class TagLock {
 public:
  TagLock(TagLocks& locks, TagEntry& entry, const char* file = __builtin_FILE(),
          int line = __builtin_LINE())
      : entry_(entry) {
    note_taken(file, line);
    if (!entry.lock.try_lock()) wait(locks);
  }
  ~TagLock() {
    entry_.lock.unlock();
    note_released();
  }
  TagLock(const TagLock&) = delete;
  TagLock& operator=(const TagLock&) = delete;

  TagEntry& entry() const { return entry_; }
  bool holds(const TagEntry& entry) const { return &entry == &entry_; }

 private:
#ifdef WEFT_DEBUG
  static void note_taken(const char* file, int line);
  static void note_released();
#else
  static void note_taken(const char*, int) {}
  static void note_released() {}
#endif
  void wait(TagLocks& locks);

  TagEntry& entry_;
};

}  // namespace weft::cache
