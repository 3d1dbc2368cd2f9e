// Where a list keeps the program's registers and flags while inserted code has others in them: what
// a fault there has to put back. drreg says so by labels; a note of each item leads to what held at
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/context.h"
#include "weft/instruction_list.h"

namespace weft::dynamorio {

/// The program's values that are elsewhere, from a label on.
struct Homes {
  static constexpr uint32_t kNowhere = 0;
  uint32_t slots[DR_REG_STOP_GPR - DR_REG_START_GPR + 1] = {};  ///< offsets from gs, by register
  uint32_t flags_slot = kNowhere;  ///< lahf's and seto's words, in that slot
  bool flags_in_xax = false;
  bool operator==(const Homes&) const = default;
  bool any() const { return *this != Homes{}; }
};

/// Puts a label in front of `where` from which on `homes` hold.
void note_homes(void* drcontext, instrlist_t* list, instr_t* where, const Homes& homes);

/// Of one list, as it is laid out.
class RegisterHomes {
 public:
  /// `instruction` is laid out next.
  void pass(instr_t* instruction);
  /// For its item: 0 if every value is at its place.
  uint32_t note() const { return current_; }
  /// For the list's data, null if there is nothing to tell.
  std::shared_ptr<void> take();

 private:
  std::shared_ptr<std::vector<Homes>> table_;  ///< note - 1 is the index
  uint32_t current_ = 0;
};

/// Puts the values back into `fault.program`.
void put_back(ListFault& fault, const Context& context);

}  // namespace weft::dynamorio
