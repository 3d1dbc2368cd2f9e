// Free and used pieces of the chunks that belong to one stripe and one temperature of code memory.
// Any thread (one short lock). Bookkeeping lies outside the code.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/spin_lock.h"
#include "cache/image_state.h"
#include "cache/slot.h"

namespace weft::cache {

class Arena {
 public:
  /// Another chunk for this arena, or nothing at the limit.
  using ChunkSource = std::function<std::optional<Slot>()>;

  /// `size` is a multiple of kGranule. Nothing if there is no room and `more` has no chunk.
  std::optional<Slot> take(uint32_t size, const ChunkSource& more);
  void give(Slot slot);

  /// Shows what has been given back, neighbours as one. Nobody takes it during the visit.
  void visit_free(const std::function<void(Slot)>& visit);

  uint64_t used() const;

  /// For a code image; nobody else is at work.
  void save(StateWriter& out);
  void resume(StateReader& in);

 private:
  /// Small pieces go back to a bin of their size and come out of it unchanged, the last one first;
  /// only when much lies there are they merged with their neighbours.
  static constexpr uint32_t kBins = 64;
  static constexpr uint32_t kMergeAt = 64u << 10;

  std::optional<Slot> take_binned(uint32_t size) REQUIRES(lock_);
  std::optional<Slot> take_fresh(uint32_t size) REQUIRES(lock_);
  std::optional<Slot> take_run(uint32_t size) REQUIRES(lock_);
  void add_run(Slot slot) REQUIRES(lock_);
  void remove_run(std::map<uint32_t, uint32_t>::iterator run) REQUIRES(lock_);
  void merge_bins() REQUIRES(lock_);
  void start_chunk(Slot chunk) REQUIRES(lock_);

  mutable SpinLock<LockRank::kArena> lock_;
  std::vector<std::vector<uint32_t>> bins_
      GUARDED_BY(lock_);  ///< by size in granules; made with the first piece
  uint32_t binned_bytes_ GUARDED_BY(lock_) = 0;
  Slot fresh_ GUARDED_BY(lock_);                         ///< never handed out yet
  std::map<uint32_t, uint32_t> runs_ GUARDED_BY(lock_);  ///< merged free runs: offset -> size
  std::set<std::pair<uint32_t, uint32_t>> by_size_ GUARDED_BY(lock_);  ///< the same: size, offset
  uint64_t used_ GUARDED_BY(lock_) = 0;
};

}  // namespace weft::cache
