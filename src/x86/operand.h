// Where the memory operand of an instruction lies, given the registers. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/check.h"
#include "x86/context.h"
#include "x86/decode.h"

namespace weft::x86 {

/// The address of the modrm memory operand of `insn`, whose bytes stand at `bytes` and which runs
/// at `pc`, without its segment's base. Nothing if it is not a single address (vector indices) or
/// if its displacement is scaled (EVEX). `insn` has a memory operand.
SIGNAL_SAFE std::optional<uint64_t> operand_address(const CpuContext& registers,
                                                    const uint8_t* bytes, const Insn& insn,
                                                    AppPc pc);

}  // namespace weft::x86
