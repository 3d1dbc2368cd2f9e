// What an instruction does to the general registers, all at once: for those who look at each of
// them.
#pragma once

#include <cstdint>

#include "dr_ir_instr.h"

namespace weft::dynamorio {

/// Bit i: register DR_REG_START_GPR + i. Conditional reads and writes are among `reads` and
/// `writes`.
struct GeneralUse {
  uint16_t reads = 0;
  uint16_t writes = 0;    ///< any part
  uint16_t replaces = 0;  ///< all 64 bits, whatever the flags are
};
GeneralUse general_use(instr_t* instr);

}  // namespace weft::dynamorio
