// Memory for the records of one cache, which the kernel provides some pages at a time instead of
// one for each page fault. Owns it all until it dies. Any thread; one short lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/spin_lock.h"

namespace weft::cache {

class RecordMemory {
 public:
  RecordMemory() = default;
  ~RecordMemory();
  RecordMemory(const RecordMemory&) = delete;
  RecordMemory& operator=(const RecordMemory&) = delete;

  /// Zeroed memory, aligned to a cache line; never given back, never null.
  void* take(size_t bytes);

 private:
  struct Region {
    uint64_t start;
    uint64_t size;
  };

  void start_region(size_t bytes);
  /// Has the kernel provide memory up to `end` at least, a little of it ahead of its use.
  void provide(uint64_t end);

  SpinLock lock_;  ///< for all below
  std::vector<Region> regions_;
  uint64_t next_ = 0;      ///< in the last region: what is handed out next
  uint64_t provided_ = 0;  ///< memory below is there
  uint64_t end_ = 0;
};

/// Asks the kernel for the pages of a range at once, which costs a fraction of the page faults on
/// them. A kernel that cannot do so provides them by page faults.
void populate(uint64_t start, uint64_t size);

}  // namespace weft::cache
