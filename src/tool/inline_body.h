// Functions so small that a clean call of them is their code: straight-line, without calls, stack
// or thread-local storage, general registers only. Plain data; the functions are pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "x86/decode.h"

namespace weft::tool {

struct InlineInstruction {
  std::array<uint8_t, x86::kLongestInstruction> bytes{};
  x86::Insn insn;
  uint64_t target = 0;  ///< if it names memory by rip: which
};

struct InlineBody {
  std::vector<InlineInstruction> code;  ///< without the return
  uint16_t registers = 0;               ///< that it names, bit r for register r
  bool writes_flags = false;

  void add(const InlineInstruction& instruction);
};

/// The body of `function`, if it is one of these. It has been found to use general registers only.
std::optional<InlineBody> inline_body_of(uint64_t function);

/// What is left of it where the registers of `known` hold these values.
struct KnownRegisters {
  uint16_t which = 0;
  std::array<uint64_t, 16> values{};

  bool has(unsigned reg) const { return (which >> reg & 1) != 0; }
  void set(unsigned reg, uint64_t value) {
    which = static_cast<uint16_t>(which | 1u << reg);
    values[reg] = value;
  }
  void forget(unsigned reg) { which = static_cast<uint16_t>(which & ~(1u << reg)); }
};
InlineBody specialize(const InlineBody& body, KnownRegisters known);

/// `bytes` as an instruction.
InlineInstruction inline_instruction(const uint8_t* bytes, size_t size, uint64_t target);

}  // namespace weft::tool
