// Holds decode() and the register questions against Zydis, for one input at a time.
// Used by the enumeration tests and by the fuzz target; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace weft::x86 {

/// What differs between our decoder and Zydis on `bytes`; empty if nothing does.
///
/// Zydis rejects much that decode() reports as plain: operand combinations, VEX.L and VEX.W values,
/// LOCK on what cannot be locked, opcodes newer than it. The CPU decides about those when the
/// copied bytes run, so the one demand is that they are plain (or kStop): no control transfer is
/// invented.
std::string difference_from_zydis(const uint8_t* bytes, size_t available);

}  // namespace weft::x86
