// What the cache knows of one program address. Entries live as long as the cache; the fields change
// only under the tag's lock, of which a thread holds at most one at a time.
#pragma once

#include <array>
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
  uint32_t trace_direct = 0;
  uint32_t trace_indirect = 0;
  ExitId exits = kNoExit;  ///< first of the exits whose target this is, linked or waiting
  uint32_t published = 0;  ///< what indirect branches to the tag read; 0: the miss path
  Members members;         ///< fragments with this block as a constituent other than the head
};

/// One lock serves all tags with the same hash, those of one cache line of code among them, which
/// is harmless: nobody holds two.
class TagLocks {
 public:
  explicit TagLocks(std::atomic<uint64_t>* contention = nullptr) : contention_(contention) {}

 private:
  friend class TagLock;
  static constexpr uint32_t kLocks = 1024;
  struct alignas(kCacheLine) Padded {
    SpinLock lock;
  };

  SpinLock& of(const TagEntry& entry) { return locks_[mix_line(entry.tag) >> 54].lock; }

  std::array<Padded, kLocks> locks_;
  std::atomic<uint64_t>* contention_;  ///< counts locks that were not free at once
};

/// Holds the lock of one entry, and proves it. Under WEFT_DEBUG a thread that takes a second one is
/// stopped, with both places named.
class TagLock {
 public:
  TagLock(TagLocks& locks, TagEntry& entry, const char* file = __builtin_FILE(),
          int line = __builtin_LINE())
      : entry_(entry), lock_(locks.of(entry)) {
    note_taken(file, line);
    if (!lock_.try_lock()) wait(locks);
  }
  ~TagLock() {
    lock_.unlock();
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
  SpinLock& lock_;
};

}  // namespace weft::cache
