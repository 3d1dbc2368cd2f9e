// The caches and the predictor, and what blocks of the program cost in them. Owned by the tool,
// which holds a lock around all but what says otherwise.
#pragma once

#include <algorithm>
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

/// What code stores. Each execution of a block makes BlockCode::records of them, one at least.
struct [[gnu::packed]] Record {
  Address address;
  uint32_t block;  ///< its number, in the first record of an execution; 0 in others
};
static_assert(sizeof(Record) == 12);

/// An access of each execution of a block. Its address is that of a record of the block, or none,
/// and `distance`.
struct BlockAccess {
  enum class Kind : uint8_t {
    kOne,
    kRepeatBegins,  ///< of a repeated instruction: where its first access is at
    kRepeatSecond,  ///< where its other first access is at, if it has two
    kRepeatEnds,    ///< where the access of kRepeatBegins would go on
  };
  uint64_t distance = 0;
  uint64_t mask = ~uint64_t{0};  ///< of the record's address; 0: it is none
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
  uint32_t number = 0;
  size_t records = 0;  ///< of each execution
  InstructionKind last = InstructionKind::kPlain;
  bool is_plain = true;        ///< all accesses are kOne
  bool has_addresses = false;  ///< its records have
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
  BlockCode* block = nullptr;   ///< entered last
  std::vector<Record> carried;  ///< records of a block that more may follow of
  std::vector<Repeat> repeated;
};

class Model {
 public:
  struct Caches {
    CacheGeometry instructions;
    CacheGeometry data;
    CacheGeometry last;
  };
  Model(const Caches& caches, bool has_branches);

  uint32_t longest() const { return longest_; }
  /// Gives the block its number.
  void add(BlockCode& block) {
    block.number = static_cast<uint32_t>(blocks_.size());
    blocks_.push_back(&block);
  }
  void run(ThreadPlace& place, std::span<const Record> records);
  /// One access of the instruction, beside those that are recorded.
  void access_also(BlockCode& block, uint32_t instruction, Address at, uint32_t size,
                   bool is_store) {
    ++block.costs[instruction][is_store ? kDw : kDr];
    access(block, instruction, at, std::min(size, longest_), is_store);
  }
  /// All that was counted of an instruction. Any lock will do.
  static Costs costs_of(const BlockCode& block, size_t instruction, bool has_branches);

 private:
  /// The records of one execution; fewer than the block has if a fault ended it.
  void run_block(ThreadPlace& place, const Record* records, size_t count);
  void fetch(BlockCode& block);
  void leave(BlockCode& block, Address next);
  void access(BlockCode& block, uint32_t instruction, Address at, uint32_t size, bool is_store) {
    if (data_.misses(at, size)) [[unlikely]]
      missed(block, instruction, at, size, is_store);
  }
  void missed(BlockCode& block, uint32_t instruction, Address at, uint32_t size, bool is_store);
  void note_repeat(ThreadPlace& place, const BlockAccess& access, Address at);
  void finish_repeat(ThreadPlace& place, Address end);

  Cache instructions_;
  Cache data_;
  Cache last_;
  uint32_t longest_;                         ///< more bytes of an access count as so many
  std::vector<BlockCode*> blocks_{nullptr};  ///< by number
  bool has_branches_;
  BranchPredictor branches_;
};

}  // namespace weft::tools
