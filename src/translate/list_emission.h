// Emits what is not the program's in an edited list, and knows where its labels are. Works on one
// Draft, on the thread that owns it; the builder emits the program's instructions in between.
#pragma once

#include <cstdint>
#include <vector>

#include "translate/draft.h"
#include "translate/edited_list.h"
#include "translate/mangle.h"

namespace weft::translate {

/// The instruction of a ListItem::kApplication as the mangler takes it. Its pc is such that what is
/// relative to it leads to the item's target, or, for a call, that the return address is right.
Instruction mangled_form(const ListItem& item);

class ListEmission {
 public:
  /// What is emitted next is the list's.
  ListEmission(Draft& draft, const EditedList& list, AppPc tag);

  /// Items up to the one of this number are all, but for labels that nothing leads to.
  size_t end() const { return end_; }
  bool is_led_to(const ListItem& label) const { return led_to_[label.number]; }
  /// Whether nothing of the list has been emitted yet.
  bool at_start() const { return draft_.hot.position() == start_; }

  /// If nothing has been emitted yet: sees to it that the list's start is a place of its own, at
  /// which a thread has the program's state.
  void keep_start();
  /// Of kInserted, kCall, kLoadAddress and kLabel.
  void emit(const ListItem& item);
  /// A direct jump to a label.
  void branch_past(const x86::Insn& insn, x86::Label& over);
  void jump_to_label(const ListItem& item);
  /// Behind each item: what was emitted since the last one is this one's.
  void note(const ListItem& item);
  /// Has jumps lead to their labels, and the fragment's data know where the items are.
  void finish();

 private:
  struct Reference {
    uint32_t field;  ///< rel32, in hot code
    uint32_t label;
  };

  void place(const ListItem& label);
  void load_address(const ListItem& item);
  void insert(const ListItem& item);
  void keep_trap_flag();
  void jump_to_runtime(const ListItem& item);
  void call_runtime(const ListItem& item);
  void emit_rip_relative(const ListItem& item);
  void emit_far_operand(const ListItem& item);
  /// What was emitted since `start` shows no state of the program's but at `start`, and there only
  /// if that is the list's own.
  void map_inserted(uint32_t start);
  void refer(uint32_t field, uint32_t label) { references_.push_back({field, label}); }

  Draft& draft_;
  x86::Assembler& out_;
  AppPc tag_;
  uint32_t start_;
  size_t end_ = 0;
  std::vector<bool> led_to_;
  std::vector<uint32_t> placed_;
  std::vector<Reference> references_;
  ListSpan span_;
};

}  // namespace weft::translate
