// The caches and the predictor, and what blocks of the program cost in them. Owned by the tool,
// which holds a lock around all but what says otherwise.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cachesim/branches.h"
#include "cachesim/cache.h"
#include "weft/instruction.h"

namespace weft::tools {

/// In the order of cachegrind's columns.
enum Event : uint8_t {
  kIr,
  kI1mr,
  kILmr,
  kDr,
  kD1mr,
  kDLmr,
  kDw,
  kD1mw,
  kDLmw,
  kBc,
  kBcm,
  kBi,
  kBim,
  kEvents
};
using Costs = std::array<uint64_t, kEvents>;

/// An access of each execution of a block. Its address is that of a record of the block, numbered
/// from 1, and `distance`; or of record 0, which tells the block and is a constant.
struct BlockAccess {
  enum class Kind : uint8_t {
    kOne,
    kRepeatBegins,  ///< of a repeated instruction: where its first access is at
    kRepeatSecond,  ///< where its other first access is at, if it has two
    kRepeatEnds,    ///< where the access of kRepeatBegins would go on
  };
  uint64_t distance = 0;
  uint32_t record = 0;
  uint32_t instruction = 0;
  uint16_t size = 0;
  bool is_store = false;
  Kind kind = Kind::kOne;
};

/// A line that is fetched for the first time in the block, or two.
struct BlockFetch {
  Address at = 0;
  uint32_t size = 0;
  uint32_t instruction = 0;
};

/// An operand of which each execution records the address.
struct RecordedOperand {
  uint32_t instruction = 0;
  int operand = 0;
};

/// Lives as long as the process. All but the first two and `costs` is constant.
struct BlockCode {
  uint64_t executions = 0;
  /// Cache::changes() of the cache of instructions when all fetches were of lines used last.
  uint64_t fetched = 0;
  std::vector<BlockAccess> accesses;
  size_t records = 1;  ///< of each execution, with that of the block itself
  InstructionKind last = InstructionKind::kPlain;
  bool is_plain = true;  ///< all accesses are kOne
  Range range;
  Address target = 0;  ///< of a conditional jump
  std::vector<BlockFetch> fetches;
  std::vector<RecordedOperand> recorded;  ///< those of repeated instructions are left out
  std::vector<Address> pcs;
  std::vector<Costs> costs;  ///< by instruction; what each execution costs is not counted in
};

/// Where a thread's records have come to.
struct ThreadPlace {
  struct Repeat {
    BlockAccess access;
    Address at = 0;
  };
  BlockCode* block = nullptr;     ///< entered last
  std::vector<uint64_t> carried;  ///< records of a block that more may follow of
  std::vector<Repeat> repeated;
};

class Model {
 public:
  struct Caches {
    CacheGeometry instructions;
    CacheGeometry data;
    CacheGeometry last;
  };
  /// A record is an address, or the block that is entered, with this bit.
  static constexpr uint64_t kBlockBit = uint64_t{1} << 63;
  static uint64_t record_of(const BlockCode& block) {
    return reinterpret_cast<uint64_t>(&block) | kBlockBit;
  }

  Model(const Caches& caches, bool has_branches);

  void run(ThreadPlace& place, std::span<const uint64_t> records);
  /// One access of the instruction, beside those that are recorded.
  void access_also(BlockCode& block, uint32_t instruction, Address at, uint32_t size,
                   bool is_store) {
    ++block.costs[instruction][is_store ? kDw : kDr];
    access(block, instruction, at, size, is_store);
  }
  /// All that was counted of an instruction. Any lock will do.
  static Costs costs_of(const BlockCode& block, size_t instruction, bool has_branches);

 private:
  /// The records of one execution; fewer than the block has if a fault ended it.
  void run_block(ThreadPlace& place, const uint64_t* records, size_t count);
  void fetch(BlockCode& block);
  void leave(BlockCode& block, Address next);
  void access(BlockCode& block, uint32_t instruction, Address at, uint32_t size, bool is_store) {
    if (!data_.misses(at, std::min(size, longest_))) [[likely]]
      return;
    Costs& costs = block.costs[instruction];
    ++costs[is_store ? kD1mw : kD1mr];
    if (last_.misses(at, std::min(size, longest_))) ++costs[is_store ? kDLmw : kDLmr];
  }
  void note_repeat(ThreadPlace& place, const BlockAccess& access, Address at);
  void finish_repeat(ThreadPlace& place, Address end);

  Cache instructions_;
  Cache data_;
  Cache last_;
  uint32_t longest_;  ///< more bytes of an access count as so many
  bool has_branches_;
  BranchPredictor branches_;
};

}  // namespace weft::tools
