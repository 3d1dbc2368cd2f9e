#include "cache/tag_entry.h"

#ifdef WEFT_DEBUG
#include <cstdio>
#include <cstdlib>
#endif

namespace weft::cache {

static_assert(sizeof(TagEntry) == kCacheLine);

namespace {

#ifdef WEFT_DEBUG
/// Where this thread took the tag lock that it holds; no file: it holds none.
struct Place {
  const char* file = nullptr;
  int line = 0;
};
thread_local Place held_at;

void note_taken(const char* file, int line) {
  if (held_at.file != nullptr) {
    std::fprintf(stderr, "weft: a second tag lock is taken at %s:%d while one is held from %s:%d\n",
                 file, line, held_at.file, held_at.line);
    std::abort();
  }
  held_at = {file, line};
}

void note_released() { held_at = {}; }
#else
void note_taken(const char*, int) {}
void note_released() {}
#endif

}  // namespace

TagLock::TagLock(TagLocks& locks, TagEntry& entry, const char* file, int line)
    : entry_(entry), lock_(locks.of(entry)) {
  note_taken(file, line);
  if (lock_.try_lock()) return;
  if (locks.contention_ != nullptr) locks.contention_->fetch_add(1, std::memory_order_relaxed);
  lock_.lock();
}

TagLock::~TagLock() {
  lock_.unlock();
  note_released();
}

}  // namespace weft::cache
