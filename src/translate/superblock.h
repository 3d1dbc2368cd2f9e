// Builds a superblock: basic blocks run together through fall-through sides and direct jumps.
// One builder per translating thread, reused. Holds no lock; the caller holds an EpochGuard.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cache/code_cache.h"
#include "translate/draft.h"
#include "translate/instrument.h"
#include "translate/mangle.h"
#include "translate/source_window.h"
#include "translate/switch.h"

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
  /// The address of executable memory in the 8 bytes at `slot`, if they are not executable
  /// themselves and do not change without a deletion that tells of it.
  virtual std::optional<AppPc> constant_at(AppPc slot) = 0;
};

/// How a thread came to code that is not there.
enum class Arrival : uint8_t { kDirect, kIndirect, kCall };

class ListEmission;

class SuperblockBuilder {
 public:
  /// `instrumenter`: shown each basic block; null if there is none.
  SuperblockBuilder(const Environment& environment, const cache::CodeCache& cache,
                    ProgramCode& code, Instrumenter* instrumenter);

  /// Translates from `tag` into draft(). The fragment begins with the code by which such an arrival
  /// enters. False if the first instruction cannot be fetched; see fault_address().
  /// `tag` may be the name of a part (cache/part.h), for a direct arrival.
  bool build(AppPc tag, Arrival arrival);
  /// Whether what is built next compares bytes in aligned words alone (see emit_self_check).
  void use_aligned_checks(bool aligned) { aligned_checks_ = aligned; }

  /// Translates the blocks at `path`, in the order in which they ran, as one trace that leaves
  /// where the program goes another way. `path` is read during the call only. False
  /// if no two blocks of it can be laid out together.
  bool build_trace(std::span<const AppPc> path);

  Draft& draft() { return draft_; }
  /// The address at which fetching the first instruction faults.
  AppPc fault_address() const { return fault_address_; }
  /// Superblocks that were built so far.
  uint32_t built_count() const { return built_; }
  uint32_t instruction_count() const { return instruction_count_; }

 private:
  static constexpr size_t kCheckedBytes = 64;

  struct Mark {
    AppPc pc;
    uint32_t hot_offset;
    uint32_t constituent;
  };

  /// A block of the superblock that has several versions.
  struct SwitchedBlock {
    PlannedBlock planned;
    std::vector<uint32_t> bodies;  ///< offsets in hot code, by version
    bool goes_on = false;          ///< to the next one of the chain
  };
  /// Whether the superblock runs on behind a block.
  enum class Continue : uint8_t { kWhereItFits, kYes, kNo };

  void begin(AppPc tag, Arrival arrival);
  /// Builds one basic block, up to an instruction that may write memory, behind code that compares
  /// the program's bytes with those that were translated.
  bool build_checked(AppPc tag);
  /// Copies the bytes from `tag` on that a checked block may consist of; their number.
  size_t copy_source(AppPc tag);
  void end_checked_block(const Instruction& at);
  bool decode_copy(AppPc tag, size_t offset, size_t available, Instruction& out) const;
  struct CheckedBlock {
    size_t size;
    bool counted;  ///< it may be part of a loop, so its runs are counted
  };
  /// How many of the `available` copied bytes are of the block.
  CheckedBlock measure_checked(AppPc tag, size_t available) const;
  /// Translates one basic block at `pc`; true if `pc` was moved to where the superblock goes on.
  bool add_block(AppPc& pc);
  /// The same with what tools insert.
  bool add_planned_block(AppPc& pc);
  /// Makes block_ the block at `pc` with what tools insert. False if there is none that fits here.
  bool plan_block(AppPc pc);
  /// Has block_, which does not fit in all its versions, leave most of them to its parts.
  template <typename Plan>
  void plan_in_parts(Plan plan);
  /// Decodes it, `limit` instructions at most.
  BlockPlan& begin_plan(AppPc tag);
  void decode_block(AppPc pc, size_t limit);
  /// Whether block_ fits in all its versions; sets further_.
  bool plan_fits();
  /// Behind the first version of a switched block; true if the superblock goes on.
  bool end_switched_block(bool goes_on, AppPc next);
  /// Emits the block's first version and notes its places; true if the superblock goes on at `pc`.
  bool emit_first_version(AppPc& pc, bool checked);
  /// How a kept item of a list is emitted.
  struct ItemPlace {
    bool ends;           ///< it ends the block as it does without a list
    bool interruptible;  ///< a signal there does not wait for the list's end
    bool checked;
  };
  /// Emits a plan that is an edited list; true if the superblock goes on at `pc`.
  bool emit_list(const BlockPlan& plan, AppPc& pc, bool checked);
  /// What other tools have added in front of the block.
  void emit_list_front(const BlockPlan& plan);
  bool emit_items(ListEmission& emission, const BlockPlan& plan, AppPc& pc, bool checked);
  void emit_item(ListEmission& emission, const ListItem& item);
  void emit_application(ListEmission& emission, const ListItem& item);
  bool emit_kept(ListEmission& emission, const BlockPlan& plan, const ListItem& item,
                 const ItemPlace& place, AppPc& pc);
  /// Emits a transfer, of which the mangler's form is `at`, for the instruction at `named`; the
  /// list goes on behind it if it is conditional.
  void emit_transfer(const Instruction& at, AppPc named);
  /// What is emitted next belongs to the instruction at `pc`.
  void go_to_item(ListEmission& emission, AppPc pc);
  /// Where control runs off a list's end; true if the superblock goes on at `pc`.
  bool leave_list(const BlockPlan& plan, bool checked, AppPc& pc);
  /// Emits instruction `index` of the plan; true if the superblock goes on at `pc`.
  bool emit_planned(const BlockPlan& plan, size_t index, AppPc& pc, bool checked);
  /// A paired call that another fragment has, too, with the landing place of its return: a
  /// superblock that has begun before it ends ahead of it.
  bool is_laid_out_elsewhere(const Instruction& at) const;
  bool is_switched() const { return !by_.by.empty(); }
  /// Tells the draft which exits of block_'s first version know what the next entry's choice is.
  void set_exit_choice();
  /// Block_ is the first of a switched superblock: takes back the entry of indirect branches if the
  /// choice does its work, too, or if it is to lead past the choice.
  void begin_switched();
  void emit_switched_head();
  /// The choice that indirect branches go past, behind all versions.
  void emit_head_behind();
  /// Has exits that know enter behind the superblock's choice.
  void name_entry_choice();
  /// Behind a switched block's first version.
  void note_switched(bool goes_on);
  /// Lays out the versions of the chain's blocks but their first ones, each in the order of the
  /// blocks.
  void emit_further_versions(bool checked);
  void emit_version(size_t version, bool checked);
  /// Has exits that know the outcome for another value enter there at draft_.entries[entry].
  void note_past_choices(size_t entry, const SwitchedBlock& block);
  /// An entry for a block of the chain but the first; its offset.
  uint32_t emit_switched_entry(SwitchedBlock& block);
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
  /// The generation of a block, older than any of its bytes that fetch() gives from here on.
  uint64_t generation_before(AppPc tag);
  bool decode_at(AppPc pc, Instruction& out);
  bool may_continue_at(AppPc pc);
  bool go_on_or_leave(AppPc next, AppPc& pc);
  /// Emits a call; true if the superblock goes on behind it.
  bool end_with_call(const Instruction& at, AppPc& pc);
  /// Emits a jump to `target`; true if the superblock goes on there.
  bool end_with_jump(const Instruction& at, AppPc target, AppPc& pc);
  /// Where a jump or call through a slot of memory goes, if that does not change: as the linker
  /// makes them, once it has protected its table. What is built depends on the slot then.
  std::optional<AppPc> constant_target(const Instruction& at);
  /// Makes the slots that the superblock depends on constituents, so that it dies with their bytes.
  void add_constants();
  bool pairs_returns() const;
  const Mark* mark_of(AppPc pc) const;
  void add_entries();

  const Environment& environment_;
  const cache::CodeCache& cache_;
  ProgramCode& code_;
  Instrumenter* instrumenter_;
  Draft draft_;
  PlannedBlock block_;
  // Of a superblock whose blocks have several versions, which are all chosen by `by_`:
  Switch by_;
  std::optional<SwitchHead> head_;
  uint32_t door_field_ = 0;  ///< not 0: rel32, in hot code, of what leads to the choice behind all
  std::vector<SwitchedBlock> chain_;
  std::vector<PlannedBlock> spare_;    ///< of former chains: their memory
  bool flushes_ = false;               ///< a first version of the chain's may flush a buffer
  bool first_changes_choice_ = false;  ///< block_'s first version may
  SizeBound pending_;                  ///< bytes that the chain's further versions may still take
  SizeBound further_;                  ///< that those of block_ will
  Continue continue_ = Continue::kWhereItFits;
  std::vector<Mark> marks_;
  CodeRange readable_;
  uint64_t head_generation_ = 0;
  uint32_t built_ = 0;              ///< fragments so far
  uint32_t instruction_count_ = 0;  ///< of the latest
  SourceWindow window_;
  bool gone_ = false;                            ///< the last bytes asked for could not be read
  std::array<uint8_t, kCheckedBytes> source_{};  ///< a checked block's bytes
  bool aligned_checks_ = false;
  AppRange covered_;
  AppPc fault_address_;
  uint32_t part_ = 0;            ///< which part of the block at its tag is built
  std::span<const AppPc> path_;  ///< of a trace; empty for a superblock
  size_t path_at_ = 0;           ///< which of its blocks is being emitted
  AppPc map_pc_;                 ///< where the state map's last record ends
};

}  // namespace weft::translate
