// What Zydis says of memory operands, and what it leaves out. For the door to it (zydis.h); any
// thread.
#pragma once

#include <array>
#include <vector>

#include "x86/instruction_info.h"
#include "x86/zydis.h"

namespace weft::x86 {

struct Decoded {
  ZydisDecodedInstruction insn;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
};

/// The general register that `reg` is or is a part of, or kNoRegister.
uint8_t general_register(ZydisRegister reg);

/// Fills in `info`, of a memory operand: its parts, its accesses, and whether there are any.
void note_memory(const Decoded& decoded, const ZydisDecodedOperand& operand, AppPc pc,
                 OperandInfo& info);

/// Adds or mends implicit memory operands.
void add_hidden_memory(const Decoded& decoded, std::vector<OperandInfo>& operands);

}  // namespace weft::x86
