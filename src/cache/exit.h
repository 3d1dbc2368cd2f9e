// A direct exit's record: where it is in code memory, whose it is, and its place among the exits of
// its target. Owned by its fragment; the fields below `target` belong to the target's tag lock.
#pragma once

#include <cstdint>

#include "cache/fragment.h"
#include "cache/id_table.h"

namespace weft::cache {

struct Exit {
  uint32_t site;   ///< offset in the reservation of the rel32 field
  uint32_t stub;   ///< offset in the reservation of where it goes unlinked
  uint32_t owner;  ///< id of the fragment
  TagEntry* target;
  ExitId previous;
  ExitId next;
  bool registered;  ///< it is in its target's list
  bool linked;      ///< its site goes to the target's direct entry, unless cut
};

using ExitTable = IdTable<Exit>;
using FragmentTable = IdTable<std::atomic<Fragment*>>;

}  // namespace weft::cache
