// What operands each opcode takes, and the macros that follow from it.
#pragma once

#include <map>
#include <set>
#include <string>

#include "generate/enumerate.h"
#include "generate/opcodes.h"

namespace weft::dynamorio {

/// A macro's parameters and the expansion's operands, destinations first.
struct Shape {
  std::string parameters;
  std::string operands;
  int destinations = 0;
  int sources = 0;
  auto operator<=>(const Shape&) const = default;
};

/// What all forms of an opcode have in common.
struct Facts {
  /// Whether the destination's old value matters without a mask: fused multiply-add and its like.
  bool reads_destination = false;
  uint32_t eflags = 0;
  /// Of the first form: legacy before VEX before EVEX.
  ZydisISASet isa_set = ZYDIS_ISA_SET_INVALID;
  /// The first byte of its opcode, prefixes aside.
  unsigned first_byte = 0;
};

class Shapes {
 public:
  explicit Shapes(const Opcodes& opcodes);
  /// The rows of opcode_table.inc that tell opcodes by their facts, and signatures by mnemonics.
  std::string rows(const Opcodes& opcodes) const;
  /// dr_ir_macros_x86.h. Macros that `by_hand` has are left to it.
  std::string macros(const std::string& by_hand) const;

 private:
  void note(const Opcodes& opcodes, const Decoded& decoded);
  void note_signature(const Decoded& decoded, const Facts& facts);
  Facts facts_of_mnemonic(const Opcodes& opcodes, ZydisMnemonic mnemonic) const;

  std::map<std::string, std::set<Shape>> plain_;
  std::map<std::string, std::set<Shape>> masked_;
  std::map<std::string, Facts> facts_;
  // By mnemonic: destinations, sources, and the operands in the order in which the encoder takes
  // them.
  std::map<ZydisMnemonic, std::set<std::string>> signatures_;
};

}  // namespace weft::dynamorio
