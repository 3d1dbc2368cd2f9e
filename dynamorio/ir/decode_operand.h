// One operand of the decoder as clients see it.
#pragma once

#include "ir/decode.h"
#include "ir/order.h"

namespace weft::dynamorio {

/// `pc`: where the instruction is; addresses relative to it are made absolute.
opnd_t operand_from(const Decoding& decoding, Item item, int opcode, app_pc pc);

}  // namespace weft::dynamorio
