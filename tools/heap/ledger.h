// What was allocated, by the stack that asked for it: totals, what is live, and what was live when
// most was. Owned by the tool, which holds a lock around every call but those of a copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "weft/instruction.h"

namespace weft::tools {

using Stack = std::vector<Address>;

struct Amount {
  uint64_t bytes = 0;
  uint64_t blocks = 0;

  void add(uint64_t size) { bytes += size, ++blocks; }
  void remove(uint64_t size) { bytes -= size, --blocks; }
};

/// Of one stack.
struct Site {
  const Stack* stack = nullptr;
  Amount total;
  Amount live;
  Amount most;             ///< live when this site had most bytes
  uint64_t lifetimes = 0;  ///< of its blocks, in microseconds, added up

  /// Live at the peak numbered so. Of a later peak it is `live`, until that changes.
  Amount at_peak;
  uint64_t peak = 0;
};

class Ledger {
 public:
  struct Block {
    uint64_t size = 0;
    uint64_t since = 0;  ///< microseconds
    uint32_t site = 0;
  };
  /// The site of blocks that the parent of this process allocated: they count for nothing.
  static constexpr uint32_t kInherited = ~uint32_t{0};

  void allocated(Address at, uint64_t size, const Stack& stack, uint64_t now);
  /// Nothing: no block starts there. It is live until freed() or put_back().
  std::optional<Block> take(Address at);
  void freed(Address at, const Block& block, uint64_t now);
  void put_back(Address at, const Block& block) { blocks_[at] = block; }
  /// A block started there, was freed lately, and none has started there since.
  bool was_freed(Address at) const { return freed_.count(at) != 0; }

  /// In the child of a fork: counts from nothing, but knows the blocks.
  void inherit();
  /// At the end of the process: what is live has lived until now. For a copy.
  void finish(uint64_t now);

  const Amount& total() const { return total_; }
  const Amount& live() const { return live_; }
  const Amount& most() const { return most_; }
  uint64_t time_of_most() const { return time_of_most_; }
  const std::deque<Site>& sites() const { return sites_; }
  /// What the site had when most was live of all.
  Amount at_peak(const Site& site) const { return site.peak == peak_ ? site.at_peak : site.live; }

 private:
  static constexpr size_t kMostFreed = 100'000;

  uint32_t site_of(const Stack& stack);
  void keep_peak(Site& site) const;
  void note_freed(Address at);

  // Sites stand in the order in which they came; a stack's text is the key of its number.
  std::map<Stack, uint32_t> numbers_;
  std::deque<Site> sites_;
  std::unordered_map<Address, Block> blocks_;
  std::unordered_set<Address> freed_;
  std::deque<Address> freed_in_order_;
  Amount total_;
  Amount live_;
  Amount most_;
  uint64_t time_of_most_ = 0;
  uint64_t peak_ = 1;
};

}  // namespace weft::tools
