// A direct exit's record: where it is in code memory, whose it is, and its place among the exits of
// its target. Owned by its fragment; the fields below `owner` belong to the target's tag lock.
#pragma once

#include <cstdint>

#include "cache/fragment.h"
#include "cache/id_table.h"

namespace weft::cache {

/// Every id fits: a list's fields have two bits to spare.
inline constexpr ExitId kExitIdMask = ~ExitId{0} >> 2;

struct Exit {
  TagEntry* target;
  uint32_t site;   ///< offset in the reservation of the rel32 field
  uint32_t stub;   ///< offset in the reservation of where it goes unlinked
  uint32_t owner;  ///< id of the fragment
  ExitId previous : 30;
  uint32_t registered : 1;  ///< it is in its target's list
  uint32_t counted : 1;     ///< not linked before its target has a trace; see ExitSpec
  ExitId next : 30;
  uint32_t linked : 1;  ///< its site goes to the target, unless cut
  uint8_t choice = 0;   ///< ExitSpec::choice; constant
  bool calls = false;   ///< ExitSpec::calls; constant
};
static_assert(sizeof(Exit) == 32);

using ExitTable = IdTable<Exit>;
using FragmentTable = IdTable<std::atomic<Fragment*>>;

}  // namespace weft::cache
