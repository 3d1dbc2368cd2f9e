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

/// A fragment that is entered at the tag, and where. Offsets are into the code reservation; 0
/// (which is never handed out) means none.
struct Holder {
  Fragment* fragment = nullptr;
  std::atomic<uint32_t> direct{0};  ///< where links and the dispatcher enter; read without the lock
  uint32_t indirect = 0;            ///< where indirect branches do, in the same fragment or another
};

struct alignas(kCacheLine) TagEntry {
  explicit TagEntry(AppPc t) : tag(t) {}

  /// The one that is entered: a trace comes before a block.
  const Holder& current() const { return trace.fragment != nullptr ? trace : block; }
  Holder& current() { return trace.fragment != nullptr ? trace : block; }
  bool has_code() const { return current().fragment != nullptr; }
  Holder& holder(FragmentKind kind) { return kind == FragmentKind::kTrace ? trace : block; }
  /// Where the tag is entered. Without the lock, it may be where it was a moment ago.
  uint32_t direct() const {
    // Acquire: the code must be seen with its address.
    const uint32_t of_trace = trace.direct.load(std::memory_order_acquire);
    return of_trace != 0 ? of_trace : block.direct.load(std::memory_order_acquire);
  }
  /// Where indirect branches enter; 0: they have no entry.
  uint32_t indirect() const { return trace.indirect != 0 ? trace.indirect : block.indirect; }

  const AppPc tag;
  std::atomic<uint32_t> generation{0};  ///< deletions so far; read without the lock
  ExitId exits = kNoExit;  ///< first of the exits whose target this is, linked or waiting
  Holder block;
  Holder trace;
  uint32_t published = 0;         ///< what indirect branches to the tag read; 0: the miss path
  SpinLock<LockRank::kTag> lock;  ///< the tag's; in the line that whoever takes it is about to use
  Members members;  ///< fragments with this block as a constituent other than the head
};

/// What the locks of all tags have in common.
class TagLocks {
 public:
  explicit TagLocks(std::atomic<uint64_t>* contention = nullptr) : contention_(contention) {}

 private:
  friend class TagLock;

  std::atomic<uint64_t>* contention_;  ///< counts locks that were not free at once
};

/// Holds the lock of one entry, and proves it.
class SCOPED_CAPABILITY TagLock {
 public:
  TagLock(TagLocks& locks, TagEntry& entry) ACQUIRE(entry.lock) : entry_(entry) {
    entry.lock.lock(locks.contention_);
  }
  ~TagLock() RELEASE() { entry_.lock.unlock(); }
  TagLock(const TagLock&) = delete;
  TagLock& operator=(const TagLock&) = delete;

  TagEntry& entry() const { return entry_; }
  bool holds(const TagEntry& entry) const { return &entry == &entry_; }

 private:
  TagEntry& entry_;
};

}  // namespace weft::cache
