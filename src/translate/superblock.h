// Builds a superblock: basic blocks run together through fall-through sides and direct jumps.
// One builder per translating thread, reused. Holds no lock; the caller holds an EpochGuard.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cache/code_cache.h"
#include "translate/draft.h"
#include "translate/instrument.h"
#include "translate/mangle.h"

namespace weft::translate {

/// A run of executable memory.
struct CodeRange {
  AppRange range;
  /// Nobody will tell when the bytes change: fragments have to compare them on entry.
  bool checked = false;
};

/// Where the program's code may be read. Implemented by the engine; any thread.
class ProgramCode {
 public:
  virtual ~ProgramCode() = default;
  /// The longest known run of executable memory of one kind that holds `pc`; empty if `pc` is not
  /// executable. Bytes are read after the call, and a deletion tells of each that changes later.
  virtual CodeRange executable_range(AppPc pc) = 0;
};

class SuperblockBuilder {
 public:
  /// `instrumenter`: shown each basic block; null if there is none.
  SuperblockBuilder(const Environment& environment, const cache::CodeCache& cache,
                    ProgramCode& code, Instrumenter* instrumenter);

  /// Translates from `tag` into draft(). With `indirect`, the fragment begins with the code by
  /// which an indirect branch enters. False if the first instruction cannot be fetched; see
  /// fault_address().
  bool build(AppPc tag, bool indirect);
  /// Whether what is built next compares bytes in aligned words alone (see emit_self_check).
  void use_aligned_checks(bool aligned) { aligned_checks_ = aligned; }

  /// Translates the blocks at `path`, in the order in which they ran, as one trace that leaves
  /// where the program goes another way. `path` is read during the call only. False as build().
  bool build_trace(std::span<const AppPc> path);

  Draft& draft() { return draft_; }
  /// The address at which fetching the first instruction faults.
  AppPc fault_address() const { return fault_address_; }
  uint32_t instruction_count() const { return static_cast<uint32_t>(marks_.size()); }

 private:
  static constexpr size_t kCheckedBytes = 64;

  struct Mark {
    AppPc pc;
    uint32_t hot_offset;
    uint32_t constituent;
  };

  void begin(AppPc tag, bool indirect);
  /// Builds one basic block, up to an instruction that may write memory, behind code that compares
  /// the program's bytes with those that were translated.
  bool build_checked(AppPc tag);
  /// Copies the bytes from `tag` on that a checked block may consist of; their number.
  size_t copy_source(AppPc tag);
  void end_checked_block(const Instruction& at);
  bool decode_copy(AppPc tag, size_t offset, size_t available, Instruction& out) const;
  /// How many of the `available` copied bytes are of the block.
  size_t measure_checked(AppPc tag, size_t available) const;
  /// Translates one basic block at `pc`; true if `pc` was moved to where the superblock goes on.
  bool add_block(AppPc& pc);
  /// The same with what tools insert.
  bool add_planned_block(AppPc& pc);
  /// Decodes the block at `pc`, `limit` instructions at most.
  void plan_block(AppPc pc, size_t limit);
  bool plan_fits();
  /// Emits instruction `index` of the plan; true if the superblock goes on at `pc`.
  bool emit_planned(size_t index, AppPc& pc, bool checked);
  /// The code of a checked block behind its check, with what tools insert.
  void emit_checked(AppPc tag, size_t size, size_t available);
  void emit_checked_plan(AppPc tag, size_t size, size_t available);
  /// Emits what ends a block; true if the superblock goes on at `pc`.
  bool end_block(const Instruction& at, AppPc& pc);
  /// The exits that end a block: which of them are counted.
  void set_counted_exits(const Instruction& at);
  /// In a trace: goes on to the next block of the path if the block that ends with `at` can lead
  /// there.
  bool follow_path(const Instruction& at, AppPc& pc);
  /// Emits what faults as an instruction does that no CPU has.
  void emit_undefined(const Instruction& at);
  bool fetch(AppPc pc, Instruction& out);
  /// Decodes what is readable from `pc` on; of a trace, from a copy of the bytes.
  bool decode_at(AppPc pc, Instruction& out);
  bool may_continue_at(AppPc pc);
  bool go_on_or_leave(AppPc next, AppPc& pc);
  /// Emits a call; true if the superblock goes on behind it.
  bool end_with_call(const Instruction& at, AppPc& pc);
  bool pairs_returns() const;
  const Mark* mark_of(AppPc pc) const;
  void add_entries();

  const Environment& environment_;
  const cache::CodeCache& cache_;
  ProgramCode& code_;
  Instrumenter* instrumenter_;
  Draft draft_;
  BlockPlan plan_;
  std::vector<Mark> marks_;
  CodeRange readable_;
  uint64_t head_generation_ = 0;
  std::array<uint8_t, kCheckedBytes> source_{};  ///< a checked block's bytes, or an instruction's
  bool aligned_checks_ = false;
  AppRange covered_;
  AppPc fault_address_;
  std::span<const AppPc> path_;  ///< of a trace; empty for a superblock
  AppPc map_pc_;                 ///< where the state map's last record ends
};

}  // namespace weft::translate
