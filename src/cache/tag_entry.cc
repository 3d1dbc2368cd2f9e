#include "cache/tag_entry.h"

#ifdef WEFT_DEBUG
#include <cstdio>
#include <cstdlib>
#endif

namespace weft::cache {

static_assert(sizeof(TagEntry) == kCacheLine);

#ifdef WEFT_DEBUG
namespace {

/// Where this thread took the tag lock that it holds; a null file name says that it holds none.
thread_local std::source_location held_at;
thread_local bool holding = false;

void note_taken(const std::source_location& where) {
  if (holding) {
    std::fprintf(stderr, "weft: a second tag lock is taken at %s:%u while one is held from %s:%u\n",
                 where.file_name(), where.line(), held_at.file_name(), held_at.line());
    std::abort();
  }
  holding = true;
  held_at = where;
}

void note_released() { holding = false; }

}  // namespace
#else
namespace {
void note_taken(const std::source_location&) {}
void note_released() {}
}  // namespace
#endif

TagLock::TagLock(TagLocks& locks, TagEntry& entry, std::source_location where)
    : entry_(entry), lock_(locks.of(entry)) {
  note_taken(where);
  if (lock_.try_lock()) return;
  if (locks.contention_ != nullptr) locks.contention_->fetch_add(1, std::memory_order_relaxed);
  lock_.lock();
}

TagLock::~TagLock() {
  lock_.unlock();
  note_released();
}

}  // namespace weft::cache
