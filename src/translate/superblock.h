// Builds a fragment's draft: a superblock, a trace or a checked block. The stages are in files of
// their own (docs/translation.md). One builder per translating thread, reused. Holds no lock; the
// caller holds an EpochGuard.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "cache/code_cache.h"
#include "translate/block_emission.h"
#include "translate/block_end.h"
#include "translate/block_planner.h"
#include "translate/decoded_block.h"
#include "translate/draft.h"
#include "translate/layout.h"
#include "translate/path_policy.h"
#include "translate/program_code.h"
#include "translate/source.h"
#include "translate/version_chain.h"

namespace weft::translate {

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
  AppPc fault_address() const { return source_.fault_address(); }
  /// Superblocks that were built so far.
  uint32_t built_count() const { return built_; }
  uint32_t instruction_count() const { return instruction_count_; }

 private:
  /// The code by which a thread enters.
  void begin(AppPc tag, Arrival arrival);
  /// Builds one basic block, up to an instruction that may write memory, behind code that compares
  /// the program's bytes with those that were translated.
  bool build_checked(AppPc tag);
  void add_blocks(AppPc tag);
  /// Translates one basic block; where the fragment goes on, if it does.
  std::optional<AppPc> add_block(AppPc tag);
  /// Makes planned_ of block_. False if there is none that fits here.
  bool plan();
  BlockLimits limits() const;
  /// Emits block_, or planned_ of it.
  std::optional<AppPc> emit();
  /// Makes what exits lead to inside the fragment entries.
  void add_entries();
  /// Makes the slots that the fragment depends on constituents, so that it dies with their bytes.
  void add_constants();
  void finish();

  const Environment& environment_;
  const cache::CodeCache& cache_;
  Draft draft_;
  Layout layout_;
  Source source_;
  PathPolicy policy_;
  DecodedBlock block_;
  std::optional<BlockPlanner> planner_;  ///< if there is an instrumenter
  PlannedBlock planned_;
  BlockEnd end_;
  BlockEmission emission_;
  VersionChain versions_;
  uint32_t built_ = 0;              ///< fragments so far
  uint32_t instruction_count_ = 0;  ///< of the latest
  bool aligned_checks_ = false;
};

}  // namespace weft::translate
