// Instructions whose implicit operands are not what the decoder says, or come in an order of their
// own.
#pragma once

#include "ir/order.h"

namespace weft::dynamorio {

/// String instructions, enter, leave and the divisions of 8 bits: all of their order. False for
/// others.
bool take_implicit_order(const ZydisDecodedInstruction& instruction,
                         std::span<const ZydisDecodedOperand> operands, Order& order);
/// Reorders what the general rule made.
void permute(const ZydisDecodedInstruction& instruction, Order& order);
/// Whether an immediate comes before the other sources, which else it does behind a mask only.
bool has_immediate_first(const ZydisDecodedInstruction& instruction, bool masked);

}  // namespace weft::dynamorio
