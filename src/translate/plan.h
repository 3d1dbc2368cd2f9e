// A block's plan with what tools insert, in all its versions. Owned by the building thread's
// builder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.h"
#include "translate/edited_list.h"
#include "translate/insertion.h"
#include "translate/instruction.h"
#include "translate/selection.h"

namespace weft::translate {

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

}  // namespace weft::translate
