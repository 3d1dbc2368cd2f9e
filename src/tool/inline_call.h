// Clean calls of small functions, as the functions' code in the list: what the call would save is
// kept in the thread's block where it is alive, as the call does. For one list, on the thread that
// builds the block.
#pragma once

#include <optional>

#include "tool/call_site.h"
#include "tool/callee.h"
#include "translate/edited_list.h"
#include "translate/instrument.h"

namespace weft::tool {

class CallInlining {
 public:
  CallInlining(const translate::BlockPlan& plan, Callees& callees)
      : plan_(plan), callees_(callees) {}

  /// Puts code in place of those calls in `list` where that can be done.
  void run(translate::EditedList& list);

 private:
  using Items = std::vector<translate::ListItem>;

  std::optional<InlineBody> body_of(const translate::ListItem& item) const;
  /// What nothing from items[index] on looks at before it is overwritten.
  translate::FreeState free_at(const Items& items, size_t index) const;

  const translate::BlockPlan& plan_;
  Callees& callees_;
};

}  // namespace weft::tool
