// Last stage: a block's plan becomes code in the draft. One builder's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "translate/block_end.h"
#include "translate/decoded_block.h"
#include "translate/draft.h"
#include "translate/layout.h"
#include "translate/path_policy.h"
#include "translate/plan.h"

namespace weft::translate {

class ListEmission;

class BlockEmission {
 public:
  /// `end`: emits what ends blocks.
  BlockEmission(Draft& draft, Layout& layout, PathPolicy& policy, BlockEnd& end);

  /// Each emits a block that has not been laid out yet; where the fragment goes on, if it does. Of
  /// the plain one, the end is cut off if the draft is full.
  std::optional<AppPc> emit(DecodedBlock& block);
  std::optional<AppPc> emit(const BlockPlan& plan);
  /// The same of a further version of one that has.
  std::optional<AppPc> emit_again(const BlockPlan& plan);

 private:
  std::optional<AppPc> emit_planned(const BlockPlan& plan, size_t index);

  /// How a kept item of a list is emitted.
  struct ItemPlace {
    bool ends;           ///< it ends the block as it does without a list
    bool interruptible;  ///< a signal there does not wait for the list's end
  };
  std::optional<AppPc> emit_list(const BlockPlan& plan);
  /// What other tools have added in front of the block.
  void emit_list_front(const BlockPlan& plan);
  std::optional<AppPc> emit_items(ListEmission& emission, const BlockPlan& plan);
  void emit_item(ListEmission& emission, const ListItem& item);
  void emit_application(ListEmission& emission, const ListItem& item);
  std::optional<AppPc> emit_kept(ListEmission& emission, const BlockPlan& plan,
                                 const ListItem& item, const ItemPlace& place);
  /// What is emitted next belongs to the instruction at `pc`.
  void go_to_item(ListEmission& emission, AppPc pc);
  /// Where control runs off a list's end.
  std::optional<AppPc> leave_list(const BlockPlan& plan);

  uint32_t block_number() const { return static_cast<uint32_t>(draft_.constituents.size()); }

  Draft& draft_;
  Layout& layout_;
  PathPolicy& policy_;
  BlockEnd& end_;
};

}  // namespace weft::translate
