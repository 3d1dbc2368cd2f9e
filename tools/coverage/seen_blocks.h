// The basic blocks that were ever built, and whether they have run: 16 bytes each, since of most
// nothing is ever asked again. Owned by the tool; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "weft/tool.h"

namespace weft::tools {

class SeenBlocks {
 public:
  /// The block's counter, which is not 0 once it has run; made now if the block is new.
  Counter counter_of(Process& process, const Block& block);
  /// What has run, by address; nothing twice.
  std::vector<Range> ran();
  /// How many there are.
  size_t size();
  /// Sets all counters to 0.
  void reset();

  /// For Tool::image_state(): the blocks at addresses that are `kept`.
  std::vector<uint8_t> save(const std::function<bool(Address)>& kept);
  /// For Tool::resume_image(), before the first block. `saved` is there as long as this.
  void resume(std::span<const uint8_t> saved);

 private:
  struct Seen {
    uint64_t start : 48;
    uint64_t size : 16;  ///< bytes: no block that is built has as many
    uint32_t hash;       ///< of its bytes: code may change
    uint32_t distance;   ///< of its counter from the one at cells_, in words

    Range range() const { return {start, start + size}; }
    bool operator<(const Seen& other) const {
      return start != other.start ? start < other.start : size < other.size;
    }
  };

  const Seen* find_kept(const Range& range, uint32_t hash) const;
  /// The index of the block in seen_, or ~0 in the slot where it belongs.
  uint32_t& find(const Range& range, uint32_t hash);
  void grow();
  Counter counter(const Seen& block) const { return Counter(cells_ + block.distance); }
  template <typename Visit>
  void for_each(Visit visit) const;

  std::mutex mutex_;
  uint64_t* cells_ = nullptr;    ///< somewhere below all counters that there will be
  std::span<const Seen> kept_;   ///< of an image, in order
  std::vector<Seen> seen_;       ///< new ones
  std::vector<uint32_t> slots_;  ///< a power of two of them, half empty or more
};

}  // namespace weft::tools
