// Every form of every instruction that Zydis decodes in 64-bit code, found by decoding: its tables
// have no public interface. Used when the opcodes and macros are generated, and by tests.
#pragma once

#include <Zydis/Zydis.h>

#include <array>
#include <cstdint>
#include <functional>
#include <span>

namespace weft::dynamorio {

struct Decoded {
  ZydisDecodedInstruction instruction;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
  std::array<uint8_t, 16> bytes;
};

/// Calls `found` for at least one encoding of each form: maps, prefixes, vector lengths, masks,
/// register and memory operands. The same form may come several times.
void for_each_form(const std::function<void(const Decoded&)>& found);

}  // namespace weft::dynamorio
