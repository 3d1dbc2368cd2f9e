// Operands as the encoder takes them. Pure functions.
#pragma once

#include <Zydis/Zydis.h>

#include "dr_ir_instr.h"

namespace weft::dynamorio {

/// How memory at a fixed address is named.
enum class Naming : uint8_t {
  kAsGiven,
  kOtherwise,  ///< by rip where the operand is absolute, absolute where it is by rip
};

/// What `opnd` of `instr`, which will stand at `pc`, is to the encoder. `sign`: an immediate is
/// taken as signed. False if the encoder has nothing like it.
bool fill(const opnd_t& opnd, instr_t* instr, app_pc pc, bool sign, Naming naming,
          ZydisEncoderOperand& operand);

}  // namespace weft::dynamorio
