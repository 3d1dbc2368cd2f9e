// The opcodes that the build makes from Zydis's tables.
#pragma once

#include <Zydis/Zydis.h>

#include <array>
#include <cstdint>
#include <span>

namespace weft::dynamorio {

struct OpcodeRow {
  const char* shown;
  ZydisMnemonic mnemonic;
  bool reads_destination;
  uint32_t eflags;  // all that a form of it may read or write
  ZydisISASet isa_set;
  uint8_t first_byte;
};

/// Where the encoder's operands are among an instruction's destinations and sources.
struct Signature {
  struct Role {
    int8_t destination;  // -1: none
    int8_t source;
    bool immediate;
  };
  ZydisMnemonic mnemonic;
  uint8_t destinations;
  uint8_t sources;
  uint8_t operands;
  std::array<Role, ZYDIS_ENCODER_MAX_OPERANDS> roles;
};

std::span<const Signature> signatures_of(ZydisMnemonic mnemonic);

/// OP_INVALID's row for what is no opcode.
const OpcodeRow& row_of(int opcode);
/// The opcode of a decoded instruction.
int opcode_of(const ZydisDecodedInstruction& instruction, const ZydisDecodedOperand* operands);

}  // namespace weft::dynamorio
