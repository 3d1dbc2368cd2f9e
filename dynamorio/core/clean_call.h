// Clean calls in a client's list: a label that stands for the call.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "dr_api.h"
#include "weft/instruction_list.h"

namespace weft::dynamorio {

/// What to call with which operands. Owned by the thread's context until the block is made, or, in
/// a list that is kept, by that.
struct CallRecord {
  void* function = nullptr;
  std::vector<opnd_t> arguments;
  /// Further arguments of the room's own, behind those: the flags, and the state.
  bool takes_flags = false;
  /// The call as a client's own code has it; empty until a list with it is encoded by the client,
  /// which one thread does.
  mutable std::vector<uint8_t> code = {};
};

/// The call that a label stands for, null if it stands for none.
const CallRecord* call_at(instr_t* label);
/// Puts one in front of `where`.
void insert_call(void* drcontext, instrlist_t* list, instr_t* where, CallRecord record);

/// What is passed; nothing if one of the operands cannot be.
std::optional<std::vector<ListArgument>> arguments_of(const CallRecord& call);
/// The machine code of the call that the label stands for: for lists that clients encode
/// themselves. Empty if it stands for none. Valid as long as the label.
std::span<const uint8_t> code_of_call(instr_t* label);

}  // namespace weft::dynamorio
