// What tools insert into a block, between decoding and emission. Owned by the building thread's
// builder; an Instrumenter is called on many threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/address.h"
#include "translate/draft.h"
#include "translate/edited_list.h"
#include "translate/mangle.h"
#include "translate/snippet.h"
#include "translate/thread_block.h"
#include "x86/instruction_info.h"

namespace weft::translate {

/// What a clean call finds its arguments by. Derived from by whoever carries the call out; owned by
/// the fragment's FragmentData.
struct CallSite {
  AppPc pc;                      ///< the instruction that the program is at
  void (*function)() = nullptr;  ///< null: whoever carries it out knows what is to be done
  /// If it is not null, `function` and this touch neither vector nor x87 state, which is therefore
  /// not saved: writes `function`'s arguments, and context.rip.
  void (*make_arguments)(const CallSite& site, ThreadBlock& block, uint64_t* six) = nullptr;
};

/// A 64-bit word of a tool's: of the thread's block, or shared, in reach of code memory.
struct Word {
  bool per_thread = false;
  uint32_t index = 0;    ///< into ThreadBlock::tool_words
  uint64_t address = 0;  ///< if shared
  uint32_t parts = 1;    ///< per_thread: so many words from `index` on, of which the sum counts

  bool operator==(const Word&) const = default;
};

/// The insertion runs only if the word compares so.
struct Guard {
  enum class Kind : uint8_t { kNone, kNonZero, kZero, kLess, kEqual };
  Kind kind = Kind::kNone;
  Word word;
  int32_t bound = 0;
};

/// A field of a record: from where, and how many bytes.
struct RecordField {
  enum class Source : uint8_t { kConstant, kRegister, kAddress, kThreadId, kWord };
  Source source = Source::kConstant;
  uint8_t width = 8;
  uint64_t constant = 0;      ///< kConstant; kRegister: its number; kWord: index into tool_words
  x86::MemoryOperand memory;  ///< kAddress
};

struct Insertion {
  enum class Kind : uint8_t { kAdd, kAddAtomic, kSet, kSetOnce, kCall, kRecord, kCode, kSnippet };
  Kind kind = Kind::kAdd;
  Guard guard;
  Word word;  ///< kAdd, kAddAtomic, kSet, kSetOnce (shared). kRecord: where the next record goes
  int32_t amount = 0;  ///< kAdd, kAddAtomic, kSet, kSetOnce
  bool waits = false;  ///< kSetOnce: it may run again until settle_set_once()
  uint32_t limit = 0;  ///< kRecord: tool_words index of minus the address of the buffer's end
  const CallSite* site = nullptr;  ///< kCall; kRecord: called when the buffer is full
  std::vector<RecordField> fields;
  std::vector<uint8_t> code;
  std::vector<SnippetStep> steps;  ///< kSnippet
  uint16_t scratch = 0;            ///< kCode: registers to save around it, two at most
  /// kCall: flags that are dead for the program are of no interest to it.
  bool ignores_flags = false;

  /// Whether it looks at the program's registers or flags.
  bool observes() const;
  bool observes_flags() const;
  /// Whether its emission is shorter where flags or registers are dead.
  bool wants_free() const;
  /// Whether its emission asks for dead registers although the flags are dead.
  bool wants_registers() const;
  /// No emission of it takes more bytes.
  uint32_t size_bound() const;
  uint32_t cold_bound() const;  ///< of cold code
};

/// One instruction of a block, with what was inserted around it.
struct PlannedInstruction {
  Instruction at;
  std::vector<Insertion> before;
  std::vector<Insertion> after;
  bool removed = false;
  std::vector<uint8_t> replacement;

  const x86::FlagUse& flag_use() const;

 private:
  mutable std::optional<x86::FlagUse> flag_use_;  ///< decoded once asked for
};

/// What may be changed at a place without saving it.
struct FreeState {
  bool flags = false;
  uint16_t registers = 0;
};

/// No emission takes more bytes.
struct SizeBound {
  uint32_t hot = 0;
  uint32_t cold = 0;
};

class Instrumenter;

struct BlockPlan {
  AppPc tag;
  std::vector<PlannedInstruction> instructions;
  /// If there is one, it says which instructions run, in which order and with what around them.
  std::optional<EditedList> list;
  /// Insertions that may stand anywhere in the block.
  std::vector<Insertion> anywhere;
  /// Of versions that have not been made, have no instructions and are not the first: who makes
  /// what is called in their place, wherever that is needed.
  Instrumenter* missing = nullptr;
  /// It stands for the versions that the block's parts have (Switch::parts), and has no
  /// instructions.
  bool in_parts = false;

  bool is_made() const { return missing == nullptr && !in_parts; }

  AppRange range() const;
  /// What is dead in front of instruction `index` (its number past the last: at the block's end).
  FreeState free_before(size_t index) const;
  bool flags_dead_before(size_t index) const;
  uint16_t registers_dead_before(size_t index) const;
  /// Puts what is in `anywhere` where it is cheapest.
  void settle();
  /// Of cold code, the exits' apart.
  SizeBound size_bound() const;
};

/// What a block is chosen by in one respect: a word, and the values that have versions.
struct Selection {
  /// Of more values, the one that the word holds is searched for by halves.
  static constexpr size_t kMostInARow = 16;

  Word selector;
  std::vector<int32_t> values;  ///< all others have one version in common, the default

  /// Whether comparing the word with each value in turn is as good as comparing a copy: one
  /// comparison reads it once, and of its own word only the thread itself is a writer.
  bool one_reading() const { return selector.per_thread || values.size() == 1; }
  bool operator==(const Selection&) const = default;
};

/// Where the versions are that a block's first fragment does not have: in fragments that go by the
/// names of its parts (cache/part.h), each for a range of one word's values.
struct Parts {
  struct Start {
    int32_t from = 0;  ///< the first value of the range; the first range has all below, too
    uint32_t part = 0;
    bool operator==(const Start&) const = default;
  };
  Word selector;
  std::vector<Start> starts;  ///< in order; empty: there are no parts
  /// Of a shared selector: where the thread keeps what it has read, for the part to choose by.
  Word copy;

  bool operator==(const Parts&) const = default;
};

/// How the entry of a block chooses among its versions: by what is in one word, or in several. The
/// versions are those of the first selection's values in turn, then its default; of each of these,
/// the same for the next selection. So version 0 is for the first values, the last for none.
struct Switch {
  std::vector<Selection> by;
  bool has_missing = false;  ///< the last version stands for all that have not been made
  Parts parts;               ///< or for these. Of several selections there is version 0, and it
  /// Not 0: the same for all blocks that are chosen by the same words and have the same first
  /// values.
  uint8_t name = 0;
  /// By version, or empty: what exits know that leave it. 0, or beyond the end: nothing. The same
  /// for all blocks that are chosen by the same words; of the first version it is `name`.
  std::vector<uint8_t> names = {};

  bool is_whole() const { return !has_missing && parts.starts.empty(); }
  /// How far apart the versions of two neighbouring values of a selection are, if it is whole.
  size_t stride(size_t selection) const;
  /// Whether it can be made by comparing the words themselves, where the flags are dead.
  bool compares() const;
  bool operator==(const Switch&) const = default;
};

/// What a block is planned for.
enum class PlanUse : uint8_t { kBlock, kTrace, kProbe };

/// A block in all its versions. They have the same instructions, and differ in what was inserted.
struct PlannedBlock {
  /// More do not fit, as a rule.
  static constexpr uint32_t kMostVersions = 65;

  PlanUse use = PlanUse::kBlock;
  uint32_t part = 0;  ///< which part is made; 0: the block's first fragment
  /// Further ones are to be in parts; of what does not fit even so, the default is made alone (1).
  uint32_t most_versions = kMostVersions;
  std::vector<BlockPlan> versions;  ///< at least one
  Switch by;                        ///< without selections if there is one version
  std::vector<uint8_t> source;      ///< what the versions' instructions point to

  bool is_switched() const { return versions.size() > 1; }
  /// What the choice may change: flags, and registers if it needs them.
  FreeState free_at_entry() const;
  void settle();
  /// Of all versions, `first` being that of the first one, to which its exits are added.
  SizeBound size_bound(SizeBound& first) const;
  struct Effects {
    bool change_selector = false;  ///< the choice may be another one behind it
    bool flush = false;            ///< it may call the function that empties a buffer
  };
  Effects effects(size_t version) const;
  /// Whether any version may.
  bool may_change_selector() const;
};

class Instrumenter {
 public:
  virtual ~Instrumenter() = default;
  /// Adds to `block`, which has one version, or makes it several. `data` is the fragment's, null
  /// before its first insertion.
  virtual void instrument(PlannedBlock& block, std::unique_ptr<FragmentData>& data) = 0;
  /// Whether blocks go on to their first transfer of control even where another one begins that is
  /// in the same fragment.
  virtual bool wants_whole_blocks() const { return false; }
  /// Of a block with BlockPlan::missing: the call that asks for its further versions, after which
  /// the thread goes on at the tag. Owned by `data`.
  virtual const CallSite& missing_site(const PlannedBlock& block,
                                       std::unique_ptr<FragmentData>& data);
};

/// Emits what stands before (`after`: behind) an instruction, `free` being what is dead there.
void emit_insertions(Draft& draft, const std::vector<Insertion>& insertions, const FreeState& free,
                     bool after);
/// Emits into cold code what is jumped to for a version that has not been made.
void emit_missing(Draft& draft, const CallSite& site);
/// Emits a block's plain instruction that was removed or replaced.
void emit_replacement(Draft& draft, const PlannedInstruction& instruction);

}  // namespace weft::translate
