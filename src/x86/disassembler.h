// The door to Zydis: instructions as text and with all their operands, for people, tools and tests.
// Pure functions, any thread. Not signal-safe, not for the hot path (see decode.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"

namespace weft::x86 {

/// The library that this needs, and instruction_info.h, is loaded, or was. Where nobody asks, the
/// first use loads it, which a program may have made impossible by then; and stops us where it is
/// not installed.
Status load_disassembler();

/// One instruction in Intel syntax.
struct Disassembled {
  std::string text;
  uint8_t length = 0;
};

/// The instruction at the start of `bytes`, as it reads at `pc`; "(bad)" and length 1 where there
/// is none.
Disassembled disassemble(const uint8_t* bytes, size_t available, AppPc pc);

/// What Zydis says of an instruction, reduced to what decode.h also answers.
struct Details {
  uint8_t length = 0;
  bool is_far = false;  ///< a far branch
  bool has_relative_target = false;
  bool rip_relative = false;  ///< a memory operand is relative to rip
  uint8_t disp_offset = 0, disp_size = 0;
  int64_t disp = 0;
  uint8_t imm_bytes = 0;        ///< immediates and branch displacements, in bytes
  int64_t rel = 0;              ///< valid if has_relative_target
  bool fs = false, gs = false;  ///< a memory operand uses that segment
  uint16_t registers = 0;       ///< general registers named or implied (bit r)
  bool reads_rcx = false;       ///< any part of it, memory operands included
  bool overwrites_rcx = false;  ///< ecx or rcx written unconditionally
  std::string_view mnemonic;
};

/// Nothing if Zydis finds the bytes undefined or too few.
std::optional<Details> inspect(const uint8_t* bytes, size_t available);

}  // namespace weft::x86
