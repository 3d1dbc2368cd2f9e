#include "generate/shapes.h"

#include <fmt/format.h>

#include <vector>

#include "ir/order.h"

namespace weft::dynamorio {
namespace {

bool reads(const ZydisDecodedOperand& operand) {
  return (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
}
bool writes(const ZydisDecodedOperand& operand) {
  return (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}
bool is_mask(const ZydisDecodedOperand& operand) {
  return operand.encoding == ZYDIS_OPERAND_ENCODING_MASK;
}

std::string name_of(char letter, int index, int count) {
  return count == 1 ? std::string(1, letter) : fmt::format("{}{}", letter, index);
}

// The operands of one form, sorted into what a macro takes.
struct Parts {
  int destinations = 0;
  int sources = 0;
  int immediates = 0;
  bool mask = false;
  bool repeats_destination = false;
};

// Fails for forms with operands that a macro cannot name: those macros are written by hand.
bool sort_operands(const Decoded& decoded, Parts& parts) {
  for (int i = 0; i < decoded.instruction.operand_count; ++i) {
    const ZydisDecodedOperand& operand = decoded.operands[static_cast<size_t>(i)];
    if (!is_seen(operand)) continue;
    if (i >= decoded.instruction.operand_count_visible) return false;
    if (is_mask(operand)) {
      parts.mask = true;
    } else if (writes(operand)) {
      if (reads(operand) && i > 0) return false;
      ++parts.destinations;
      parts.repeats_destination |= reads(operand);
    } else if (operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
      ++parts.immediates;
    } else {
      ++parts.sources;
    }
  }
  return true;
}

// Sources come in the order in which they are written, the mask first, a destination that is read
// too last; an immediate comes last without a mask and behind the mask with one.
Shape shape_of(const Parts& parts) {
  std::vector<std::string> destinations, sources, immediates;
  for (int i = 0; i < parts.destinations; ++i) {
    destinations.push_back(name_of('d', i + 1, parts.destinations));
  }
  for (int i = 0; i < parts.immediates; ++i)
    immediates.push_back(name_of('i', i + 1, parts.immediates));
  if (parts.mask) sources.emplace_back("k");
  if (parts.mask) sources.insert(sources.end(), immediates.begin(), immediates.end());
  for (int i = 0; i < parts.sources; ++i) sources.push_back(name_of('s', i + 1, parts.sources));
  if (!parts.mask) sources.insert(sources.end(), immediates.begin(), immediates.end());
  Shape shape;
  for (const std::string& name : destinations) shape.parameters += ", " + name;
  for (const std::string& name : sources) shape.parameters += ", " + name;
  if (parts.repeats_destination) sources.push_back(destinations.front());
  for (const std::string& name : destinations) shape.operands += ", " + name;
  for (const std::string& name : sources) shape.operands += ", " + name;
  shape.destinations = parts.destinations;
  shape.sources = static_cast<int>(sources.size());
  return shape;
}

std::string macro(const std::string& name, const std::string& opcode, const Shape& shape) {
  return fmt::format("#define INSTR_CREATE_{}(dc{}) instr_create_{}dst_{}src(dc, OP_{}{})\n", name,
                     shape.parameters, shape.destinations, shape.sources, opcode, shape.operands);
}

}  // namespace

Shapes::Shapes(const Opcodes& opcodes) {
  for_each_form([&](const Decoded& decoded) { note(opcodes, decoded); });
}

void Shapes::note(const Opcodes& opcodes, const Decoded& decoded) {
  const ZydisMnemonic mnemonic = decoded.instruction.mnemonic;
  const bool is_string = decoded.instruction.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
                         (mnemonic == ZYDIS_MNEMONIC_MOVSD || mnemonic == ZYDIS_MNEMONIC_CMPSD);
  if (is_string) {  // the facts of these two are those of the vector instruction
    note_signature(decoded, {});
    return;
  }
  const std::string& opcode = opcodes.of(decoded.instruction.mnemonic);
  const auto mode = decoded.instruction.avx.mask.mode;
  const bool has_mask = mode == ZYDIS_MASK_MODE_MERGING || mode == ZYDIS_MASK_MODE_ZEROING;
  const ZydisDecodedOperand& first = decoded.operands[0];
  Facts& facts = facts_[opcode];
  if (!has_mask && decoded.instruction.operand_count_visible > 0 && reads(first) && writes(first)) {
    facts.reads_destination = true;
  }
  facts.eflags |= eflags_of(decoded.instruction);
  if (facts.isa_set == ZYDIS_ISA_SET_INVALID) {
    facts.isa_set = decoded.instruction.meta.isa_set;
    facts.first_byte = decoded.instruction.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT
                           ? decoded.instruction.opcode
                           : 0x0f;
  }
  note_signature(decoded, facts);
  // A mask alone makes it read its destination: the unmasked form says all.
  if (mode == ZYDIS_MASK_MODE_MERGING && !facts.reads_destination) return;
  Parts parts;
  if (sort_operands(decoded, parts))
    (parts.mask ? masked_ : plain_)[opcode].insert(shape_of(parts));
}

void Shapes::note_signature(const Decoded& decoded, const Facts& facts) {
  const Order order = order_of(decoded.instruction, decoded.operands, facts.reads_destination);
  std::string roles;
  for (size_t i = 0; i < decoded.instruction.operand_count_visible; ++i) {
    int destination = -1, source = -1;
    for (int j = 0; j < order.num_destinations; ++j) {
      if (order.destinations[static_cast<size_t>(j)] == i) destination = j;
    }
    for (int j = 0; j < order.num_sources; ++j) {
      if (order.sources[static_cast<size_t>(j)] == i) source = j;
    }
    const bool immediate = decoded.operands[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    roles += fmt::format("{}{{{}, {}, {}}}", i == 0 ? "" : ", ", destination, source, immediate);
  }
  signatures_[decoded.instruction.mnemonic].insert(
      fmt::format("{}, {}, {}, {{{{{}}}}}", order.num_destinations, order.num_sources,
                  decoded.instruction.operand_count_visible, roles));
}

std::string Shapes::rows(const Opcodes& opcodes) const {
  std::string text =
      "// Generated. ROW(opcode, shown, mnemonic, reads_destination, eflags, isa_set, "
      "first_byte)\n#ifdef ROW\n";
  for (const Opcode& opcode : opcodes.all()) {
    const auto found = facts_.find(opcode.name);
    const Facts facts =
        found == facts_.end() ? facts_of_mnemonic(opcodes, opcode.mnemonic) : found->second;
    text += fmt::format("ROW({}, \"{}\", {}, {}, {:#x}, {}, {})\n", opcode.name, opcode.shown,
                        static_cast<int>(opcode.mnemonic), facts.reads_destination, facts.eflags,
                        static_cast<int>(facts.isa_set), facts.first_byte);
  }
  text +=
      "#endif\n// SIGNATURE(mnemonic, destinations, sources, operands, roles)\n#ifdef SIGNATURE\n";
  for (const auto& [mnemonic, signatures] : signatures_) {
    for (const std::string& signature : signatures) {
      text += fmt::format("SIGNATURE({}, {})\n", static_cast<int>(mnemonic), signature);
    }
  }
  return text + "#endif\n";
}

Facts Shapes::facts_of_mnemonic(const Opcodes& opcodes, ZydisMnemonic mnemonic) const {
  if (mnemonic == ZYDIS_MNEMONIC_INVALID) return {};
  const auto found = facts_.find(opcodes.of(mnemonic));
  return found == facts_.end() ? Facts{} : found->second;
}

std::string Shapes::macros(const std::string& by_hand) const {
  std::string text =
      "/* Generated: an instruction from its explicit operands. d: destinations; k: mask; i: "
      "immediates; s: sources. "
      "*/\n#ifndef DR_IR_MACROS_X86_H\n#define DR_IR_MACROS_X86_H\n\n"
      "#include \"dr_ir_macros_implicit.h\"\n\n";
  const auto is_by_hand = [&](const std::string& name) {
    return by_hand.find("INSTR_CREATE_" + name + "(") != std::string::npos;
  };
  for (const auto& [opcode, shapes] : plain_) {
    if (!is_by_hand(opcode)) {
      text += macro(opcode, opcode, *shapes.begin());
    }
  }
  for (const auto& [opcode, shapes] : masked_) {
    if (!is_by_hand(opcode + "_mask")) text += macro(opcode + "_mask", opcode, *shapes.begin());
  }
  return text + "\n#endif\n";
}

}  // namespace weft::dynamorio
