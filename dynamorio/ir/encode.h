// From an instr_t to bytes: the door to the encoder.
#pragma once

#include <Zydis/Zydis.h>

#include <array>
#include <cstdint>

#include "dr_ir_instr.h"

namespace weft::dynamorio {

struct Encoding {
  std::array<uint8_t, MAX_INSTR_LENGTH> bytes;
  uint8_t length;
};

/// Encodes instr as it must be to run at pc. False if it has no encoding. Labels have one, of no
/// bytes.
bool encode(instr_t* instr, app_pc pc, Encoding& encoding);

/// The encoder's mnemonic where an opcode stands for several.
ZydisMnemonic mnemonic_of(instr_t* instr);

}  // namespace weft::dynamorio
