// Who inserts into blocks, between decoding and emission, and the emission of what was inserted. An
// Instrumenter is called on many threads at once.
#pragma once

#include <memory>
#include <vector>

#include "translate/draft.h"
#include "translate/insertion.h"
#include "translate/plan.h"

namespace weft::translate {

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
