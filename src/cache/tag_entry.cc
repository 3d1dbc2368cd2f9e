#include "cache/tag_entry.h"

#ifdef WEFT_DEBUG
#include <cstdio>
#include <cstdlib>
#endif

namespace weft::cache {

static_assert(sizeof(TagEntry) == kCacheLine);

#ifdef WEFT_DEBUG
namespace {

/// Where this thread took the tag lock that it holds; no file: it holds none.
struct Place {
  const char* file = nullptr;
  int line = 0;
};
thread_local Place held_at;

}  // namespace

void TagLock::note_taken(const char* file, int line) {
  if (held_at.file != nullptr) {
    std::fprintf(stderr, "weft: a second tag lock is taken at %s:%d while one is held from %s:%d\n",
                 file, line, held_at.file, held_at.line);
    std::abort();
  }
  held_at = {file, line};
}

void TagLock::note_released() { held_at = {}; }
#endif

void TagLock::wait(TagLocks& locks) {
  if (locks.contention_ != nullptr) locks.contention_->fetch_add(1, std::memory_order_relaxed);
  entry_.lock.lock();
}

}  // namespace weft::cache
