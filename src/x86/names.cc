#include "x86/names.h"

#include <cstring>

namespace weft::x86 {
namespace {

bool is_in(uint8_t opcode, uint8_t first, uint8_t last) {
  return opcode >= first && opcode <= last;
}

/// Of the instructions with a modrm memory operand, those known to read it, or not to touch it.
bool only_reads(const Insn& insn) {
  const uint8_t op = insn.opcode;
  const uint8_t group = operation(insn);
  if (insn.map == Map::kOneByte) {
    if (op < 0x40) return (op & 7) == 2 || (op & 7) == 3 || op == 0x38 || op == 0x39;
    if (op == 0x80 || op == 0x81 || op == 0x83) return group == 7;
    if (op == 0xF6 || op == 0xF7) return group != 2 && group != 3;
    return op == 0x63 || op == 0x69 || op == 0x6B || op == 0x84 || op == 0x85 || op == 0x8A ||
           op == 0x8B || op == 0x8D;
  }
  if (insn.map == Map::k0F || insn.map == Map::kVex0F) {
    const bool moves = op == 0x10 || op == 0x12 || op == 0x14 || op == 0x16 || op == 0x28 ||
                       op == 0x6F || op == 0x2A || op == 0x2C || op == 0x2D || op == 0x2E ||
                       op == 0x2F || op == 0x6E;
    if (insn.map == Map::kVex0F) return moves || is_in(op, 0x51, 0x5F);
    return moves || op == 0x1F || is_in(op, 0x40, 0x4F) || is_in(op, 0x51, 0x76) || op == 0xAF ||
           op == 0xB6 || op == 0xB7 || op == 0xBE || op == 0xBF;
  }
  return false;
}

}  // namespace

RegisterCopy register_copy(const Insn& insn) {
  if (!has_register_operand(insn) || insn.operand_size_prefix) return {};
  const bool sign_extends = is_one_byte(insn, 0x63);
  if (is_one_byte(insn, 0x89)) return {true, rm_operand(insn), reg_operand(insn), false};
  if (!is_one_byte(insn, 0x8B) && !sign_extends) return {};
  return {true, reg_operand(insn), rm_operand(insn), sign_extends};
}

AddedNumber added_number(const uint8_t* bytes, const Insn& insn) {
  const bool group = is_one_byte(insn, 0x81) || is_one_byte(insn, 0x83);
  if (!group || operation(insn) != 0 || insn.lock || insn.operand_size_prefix) return {};
  const uint8_t* const field = bytes + insn.length - insn.imm_size;
  int32_t number = static_cast<int8_t>(*field);
  if (insn.imm_size == sizeof number) std::memcpy(&number, field, sizeof number);
  return {true, number};
}

bool is_x87_environment_store(const Insn& insn) {
  return (is_one_byte(insn, 0xD9) || is_one_byte(insn, 0xDD)) && operation(insn) == 6;
}

bool is_fxsave(const Insn& insn) { return is_0f(insn, 0xAE) && operation(insn) == 0; }

bool is_xsave(const Insn& insn) {
  if (insn.operand_size_prefix) return false;
  const uint8_t number = operation(insn);
  const bool plain = is_0f(insn, 0xAE) && (number == 4 || number == 6);
  return plain || (is_0f(insn, 0xC7) && number == 4);
}

bool may_write_memory(const Insn& insn) {
  const uint8_t op = insn.opcode;
  if (has_memory_operand(insn)) return !only_reads(insn);
  if (insn.map != Map::kOneByte) {
    // push fs, push gs; masked stores to [rdi].
    return insn.map != Map::k0F || op == 0xA0 || op == 0xA8 || op == 0xF7;
  }
  const bool pushes = is_in(op, 0x50, 0x57) || op == 0x68 || op == 0x6A || is_push_flags(insn) ||
                      op == 0xC8 || op == 0xFF;
  const bool strings = is_movs(insn) || is_stos(insn) || is_ins(insn);
  return pushes || strings || is_absolute_store(insn);
}

bool acts_on_operand_alone(const Insn& insn) {
  const uint8_t op = insn.opcode;
  switch (insn.map) {
    case Map::kOneByte:
      // x87 changes its own state; pop uses the stack.
      return !is_in(op, 0xD8, 0xDF) && !is_pop_to_operand(insn);
    case Map::k0F: {
      const bool bit_string = op == 0xA3 || op == 0xAB || op == 0xB3 || op == 0xBB;
      const bool state = op == 0xAE || (op == 0xC7 && operation(insn) != 1);
      return !bit_string && !state;
    }
    default:
      return true;
  }
}

bool is_push(const Insn& insn) {
  if (insn.map != Map::kOneByte || insn.kind != Kind::kPlain) return false;
  if (insn.operand_size_prefix || insn.address_size_prefix) return false;
  const uint8_t op = insn.opcode;
  const bool of_operand = op == 0xFF && operation(insn) == 6 && insn.segment != Segment::kGs;
  return is_in(op, 0x50, 0x57) || op == 0x68 || op == 0x6A || of_operand;
}

Pushed pushed_by(const CpuContext& registers, const uint8_t* bytes, const Insn& insn) {
  if (has_memory_operand(insn)) return {};
  if (insn.has_modrm) return {true, registers[rm_operand(insn)]};
  if (insn.imm_size == 0) {
    return {true, registers[static_cast<Reg>((insn.opcode & 7) | (insn.rex & 1) << 3)]};
  }
  const uint8_t* const field = bytes + insn.length - insn.imm_size;
  int32_t value = static_cast<int8_t>(*field);
  if (insn.imm_size == sizeof value) std::memcpy(&value, field, sizeof value);
  return {true, static_cast<uint64_t>(int64_t{value})};
}

}  // namespace weft::x86
