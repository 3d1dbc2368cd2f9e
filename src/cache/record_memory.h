// Memory for the records of one cache, which the kernel provides some pages at a time instead of
// one for each page fault. Owns it all until it dies. Any thread; one short lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/spin_lock.h"

namespace weft::cache {

class RecordMemory {
 public:
  RecordMemory() = default;
  /// With its first region at `place`, if that is free: only so can a code image be made of it.
  explicit RecordMemory(AppRange place);
  ~RecordMemory();
  RecordMemory(const RecordMemory&) = delete;
  RecordMemory& operator=(const RecordMemory&) = delete;

  /// Zeroed memory, aligned to a cache line; never given back, never null.
  void* take(size_t bytes);

  /// What has been taken, if it all lies in the place that was asked for.
  std::optional<AppRange> image() const;
  /// The memory below `next`, in that place, is as an image has it.
  void resume(uint64_t next);

 private:
  struct Region {
    uint64_t start;
    uint64_t size;
  };

  void start_region(size_t bytes) REQUIRES(lock_);
  void use_region(uint64_t start, uint64_t size) REQUIRES(lock_);
  /// Has the kernel provide memory up to `end` at least, a little of it ahead of its use.
  void provide(uint64_t end) REQUIRES(lock_);

  AppRange place_{};  ///< empty: anywhere
  mutable SpinLock<LockRank::kRecordMemory> lock_;
  std::vector<Region> regions_ GUARDED_BY(lock_);
  uint64_t next_ GUARDED_BY(lock_) = 0;      ///< in the last region: what is handed out next
  uint64_t provided_ GUARDED_BY(lock_) = 0;  ///< memory below is there
  uint64_t end_ GUARDED_BY(lock_) = 0;
};

/// Zeros that take no memory until they are touched, which malloc's need not be; never null.
void* map_zeros(size_t bytes);
void unmap_zeros(void* memory, size_t bytes);

/// Asks the kernel for the pages of a range at once, which costs a fraction of the page faults on
/// them. A kernel that cannot do so provides them by page faults.
void populate(uint64_t start, uint64_t size);

}  // namespace weft::cache
