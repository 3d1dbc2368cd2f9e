// Words of each thread that inserted code reaches behind gs: a client's field, the spill slots, and
// what clients ask for. Taken in on_start(); any thread.
#pragma once

#include <cstdint>

#include "core/context.h"
#include "weft/instruction_list.h"

namespace weft::dynamorio {

class Slots {
 public:
  /// Takes those that every client has.
  void start(Lists& lists);
  uint32_t field() const { return first_; }
  uint32_t spill(dr_spill_slot_t slot) const { return first_ + kBytes * (1 + slot); }
  /// For what a call is given that is known in the cache alone: the first keeps a register
  /// meanwhile.
  static constexpr uint32_t kPlaces = 4;
  uint32_t place(uint32_t number) const { return spill(SPILL_SLOT_MAX) + kBytes * (1 + number); }
  /// What an annotation gives, from its calls until the program's instruction that has it.
  uint32_t result() const { return place(kPlaces); }
  /// Null for a thread that is none of the program's.
  uint64_t* find(const Context& context, uint32_t offset) const;

  Lists& lists() { return *lists_; }

 private:
  static constexpr uint32_t kBytes = 8;

  Lists* lists_ = nullptr;
  uint32_t first_ = 0;
};

}  // namespace weft::dynamorio
