// A fragment whose blocks have several versions: each version runs from block to block by itself,
// and the entries choose among them. One builder's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cache/fragment_spec.h"
#include "translate/block_emission.h"
#include "translate/draft.h"
#include "translate/path_policy.h"
#include "translate/plan.h"
#include "translate/switch.h"

namespace weft::translate {

class VersionChain {
 public:
  VersionChain(Draft& draft, PathPolicy& policy, BlockEmission& emission);

  /// Nothing is known of the fragment yet.
  void clear();
  bool has_begun() const { return !by_.by.empty(); }
  const Switch& by() const { return by_; }
  /// Bytes that further versions of its blocks may still take, at most.
  SizeBound pending() const { return pending_; }

  /// The fragment's first block is `block`: takes back the entry of indirect branches if the choice
  /// does its work, too, or if it is to lead past the choice.
  void begin(const PlannedBlock& block);
  /// Emits the choice at the fragment's entry.
  void emit_choice(const PlannedBlock& block);
  /// Emits the first version of `block`, with exits that know what the next entry's choice is. It
  /// is kept for its further ones, which take `further` bytes at most, and another one's memory is
  /// in its place. Where the fragment goes on, if it does.
  std::optional<AppPc> emit_first(PlannedBlock& block, SizeBound further);
  /// Behind all blocks: lays out their versions but the first ones, each in the order of the
  /// blocks.
  void emit_further();

  /// An entry for the block of this number, ahead of which others choose: `draft.entries[entry]`.
  void emit_entry(size_t number, size_t entry, cache::EntrySpec& spec);

 private:
  struct Block {
    PlannedBlock planned;
    std::vector<uint32_t> bodies;  ///< offsets in hot code, by version
    bool goes_on = false;          ///< to the next one of the chain
  };

  /// Tells the draft which exits of the block's first version know what the next entry's choice is.
  void set_exit_choice(const PlannedBlock& block);
  bool leaves_chain(const PlannedBlock& block, AppPc next);
  void keep(PlannedBlock& block, bool goes_on, SizeBound further);
  void emit_version(size_t version);
  /// The choice that indirect branches go past, behind all versions.
  void emit_choice_behind();
  /// Has exits that know the outcome for another value enter there at draft.entries[entry].
  void note_past_choices(size_t entry, const Block& block);

  Draft& draft_;
  PathPolicy& policy_;
  BlockEmission& emission_;
  Switch by_;  ///< all its blocks are chosen so
  std::optional<SwitchHead> head_;
  uint32_t door_field_ = 0;  ///< not 0: rel32, in hot code, of what leads to the choice behind all
  std::vector<Block> chain_;
  std::vector<PlannedBlock> spare_;    ///< of former chains: their memory
  bool flushes_ = false;               ///< a first version of the chain's may flush a buffer
  bool first_changes_choice_ = false;  ///< that of the last block may
  SizeBound pending_;
};

}  // namespace weft::translate
