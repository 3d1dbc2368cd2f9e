// What ends a block: its transfer of control, and whether the fragment goes on behind it. Part of
// the last stage. One builder's.
#pragma once

#include <optional>

#include "cache/code_cache.h"
#include "translate/draft.h"
#include "translate/mangle.h"
#include "translate/path_policy.h"
#include "translate/source.h"

namespace weft::translate {

class BlockEnd {
 public:
  BlockEnd(const cache::CodeCache& cache, Draft& draft, Source& source, const PathPolicy& policy);

  /// Emits what ends a block; where the fragment goes on, if it does.
  std::optional<AppPc> emit(const Instruction& at);
  /// Emits a transfer of an edited list, of which the mangler's form is `at`, for the instruction
  /// at `named`; the list goes on behind it if it is conditional.
  void emit_in_list(const Instruction& at, AppPc named);
  /// Where control runs off a block's end.
  std::optional<AppPc> go_on_or_leave(AppPc next);

 private:
  std::optional<AppPc> follow_path(const Instruction& at);
  std::optional<AppPc> emit_call(const Instruction& at);
  std::optional<AppPc> emit_jump(const Instruction& at, AppPc target);
  /// Where a jump or call through memory goes, if that does not change.
  std::optional<AppPc> constant_target(const Instruction& at);
  void emit_unpaired_call(const Instruction& at, std::optional<AppPc> target);
  void map_jump(const Instruction& at, uint32_t start, bool fresh);
  /// Emits what faults as an instruction does that no CPU has.
  void emit_undefined(const Instruction& at);

  const cache::CodeCache& cache_;
  Draft& draft_;
  Source& source_;
  const PathPolicy& policy_;
};

}  // namespace weft::translate
