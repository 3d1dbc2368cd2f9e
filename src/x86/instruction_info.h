// The door to Zydis for tools: all that is to be known of one instruction. Pure functions, any
// thread. Not signal-safe, not for the hot path (see decode.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "x86/access_form.h"
#include "x86/context.h"
#include "x86/decode.h"
#include "x86/memory_operand.h"

namespace weft::x86 {

/// The six arithmetic flags, as in rflags.
inline constexpr uint32_t kArithmeticFlags = 0x8D5;

struct FlagUse {
  uint32_t read = 0;
  uint32_t written = 0;      ///< possibly only under a condition
  uint32_t overwritten = 0;  ///< on every path, whatever was there before
};

/// What an instruction does to the bits of rflags. Reads and may write them all if it is unknown.
FlagUse flag_use(const uint8_t* bytes, size_t available);
/// The same of the instruction that decode() made of `bytes`; fast for what is frequent.
FlagUse flag_use(const uint8_t* bytes, const Insn& insn);

struct OperandInfo {
  enum class Kind : uint8_t { kRegister, kMemory, kImmediate, kOther };
  Kind kind = Kind::kOther;
  bool read = false;
  bool written = false;
  bool implicit = false;
  bool vector_index = false;  ///< of gathers and scatters: `memory` is not the whole address
  uint16_t size = 0;          ///< bytes
  uint8_t general_register = kNoRegister;
  std::string_view register_name;
  int64_t immediate = 0;
  MemoryOperand memory;
  AccessForm access;
};

struct InstructionInfo {
  std::string_view mnemonic = "(bad)";
  std::string_view category;
  std::string_view isa_set;
  FlagUse flags;
  uint16_t registers_read = 0;
  uint16_t registers_written = 0;
  std::vector<OperandInfo> operands;
};

InstructionInfo describe(const uint8_t* bytes, size_t available, AppPc pc);

}  // namespace weft::x86
