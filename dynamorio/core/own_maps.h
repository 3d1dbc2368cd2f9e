// Memory that is not the program's: the clients', and the runtime's.
#pragma once

#include <optional>

#include "dr_api.h"
#include "weft/instruction.h"

namespace weft::dynamorio {

struct OwnMap {
  Range range;
  uint protection = 0;  ///< DR_MEMPROT_*
  bool is_file = false;
};

/// The mapping of the kernel's that `address` lies in. Reads /proc.
std::optional<OwnMap> own_map_at(Address address);

}  // namespace weft::dynamorio
