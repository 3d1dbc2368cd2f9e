// Fourth stage: decoded blocks are shown to tools, and what they insert has to fit into the
// fragment. One builder's.
#pragma once

#include <cstddef>

#include "translate/decoded_block.h"
#include "translate/draft.h"
#include "translate/instrument.h"
#include "translate/path_policy.h"
#include "translate/plan.h"

namespace weft::translate {

class BlockPlanner {
 public:
  /// A block is shown in pieces of so many instructions at most.
  static constexpr size_t kLongestBlock = 128;

  BlockPlanner(Instrumenter& instrumenter, Draft& draft, const PathPolicy& policy);

  /// Makes `planned` of a fragment's first block. Of `block`, the end is cut off until the rest
  /// fits; if a single instruction does not, with all its versions, the block's parts have most of
  /// them.
  void plan_first(DecodedBlock& block, PlannedBlock& planned);
  /// The same of a block that has to stay whole.
  void plan_whole(const DecodedBlock& block, PlannedBlock& planned);
  /// The same of a further block, in a fragment whose blocks are chosen by `by`; further versions
  /// of those before it are still to be emitted, and take up to `pending` bytes. False if it does
  /// not fit.
  bool plan_next(const DecodedBlock& block, const Switch& by, SizeBound pending,
                 PlannedBlock& planned);

  /// No more bytes are taken by the versions but the first of what was planned last.
  SizeBound further() const { return further_; }
  bool wants_whole_blocks() const { return instrumenter_.wants_whole_blocks(); }

 private:
  void instrument(const DecodedBlock& block, PlannedBlock& planned);
  void plan_in_parts(const DecodedBlock& block, PlannedBlock& planned);
  /// Whether the block fits in all its versions; sets further_.
  bool fits(const PlannedBlock& planned, SizeBound pending);

  Instrumenter& instrumenter_;
  Draft& draft_;
  const PathPolicy& policy_;
  SizeBound further_;
};

}  // namespace weft::translate
