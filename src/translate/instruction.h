// One instruction of the program, decoded. Values only.
#pragma once

#include <cstdint>

#include "base/address.h"
#include "x86/decode.h"

namespace weft::translate {

struct Instruction {
  AppPc pc;
  const uint8_t* bytes = nullptr;  ///< a copy, of whoever decoded it
  x86::Insn insn;

  AppPc next() const { return pc + insn.length; }
  AppPc target() const { return x86::target_of(insn, pc); }
};

}  // namespace weft::translate
