// Instructions that the translator and the engine treat in a way of their own, by name: no other
// layer knows an opcode's number. Pure functions, any thread, signal-safe.
#pragma once

#include <cstdint>

#include "x86/context.h"
#include "x86/decode.h"

namespace weft::x86 {

inline constexpr uint8_t kFirstRegisterModrm = 0xC0;  ///< from here on, modrm names two registers

inline bool has_memory_operand(const Insn& insn) {
  return insn.has_modrm && insn.modrm < kFirstRegisterModrm;
}
inline bool has_register_operand(const Insn& insn) {
  return insn.has_modrm && insn.modrm >= kFirstRegisterModrm;
}
/// modrm's reg field alone: of opcodes that are groups, the number of the operation.
inline uint8_t operation(const Insn& insn) { return insn.modrm >> 3 & 7; }
/// The registers that a legacy instruction's modrm names.
inline Reg reg_operand(const Insn& insn) {
  return static_cast<Reg>((insn.modrm >> 3 & 7) | (insn.rex & 4) << 1);
}
inline Reg rm_operand(const Insn& insn) {
  return static_cast<Reg>((insn.modrm & 7) | (insn.rex & 1) << 3);
}
inline bool is_wide(const Insn& insn) { return (insn.rex & 8) != 0; }

inline bool is_one_byte(const Insn& insn, uint8_t opcode) {
  return insn.map == Map::kOneByte && insn.opcode == opcode;
}
inline bool is_0f(const Insn& insn, uint8_t opcode) {
  return insn.map == Map::k0F && insn.opcode == opcode;
}

// What a trap is reported behind, as its first byte.
inline constexpr uint8_t kInt1 = 0xF1;
inline constexpr uint8_t kInterruptWithNumber = 0xCD;  ///< two bytes; the others one

inline bool is_lea(const Insn& insn) { return is_one_byte(insn, 0x8D); }
inline bool is_pop_to_operand(const Insn& insn) { return is_one_byte(insn, 0x8F); }
inline bool is_push_flags(const Insn& insn) { return is_one_byte(insn, 0x9C); }
inline bool is_pop_flags(const Insn& insn) { return is_one_byte(insn, 0x9D); }
inline bool is_far_return_with_immediate(const Insn& insn) { return is_one_byte(insn, 0xCA); }
inline bool is_far_return(const Insn& insn) { return is_one_byte(insn, 0xCB); }
inline bool is_interrupt_return(const Insn& insn) { return is_one_byte(insn, 0xCF); }
inline bool is_far_call(const Insn& insn) {
  return is_one_byte(insn, 0xFF) && operation(insn) == 3;
}
inline bool is_cpuid(const Insn& insn) { return is_0f(insn, 0xA2); }
/// Marks the target of indirect branches, and does nothing.
inline bool is_landing_mark(const Insn& insn) { return is_0f(insn, 0x1E) && insn.rep; }

// Of the segment registers.
inline bool is_pop_gs(const Insn& insn) { return is_0f(insn, 0xA9); }
inline bool is_move_to_segment(const Insn& insn) { return is_one_byte(insn, 0x8E); }
/// mov gs, pop gs, lgs.
inline bool changes_gs_selector(const Insn& insn) {
  constexpr uint8_t kGs = 5;
  return (is_move_to_segment(insn) && operation(insn) == kGs) || is_pop_gs(insn) ||
         is_0f(insn, 0xB5);
}
enum class GsBaseAccess : uint8_t { kNone, kRead, kWrite };
/// rdgsbase and wrgsbase.
inline GsBaseAccess gs_base_access(const Insn& insn) {
  if (!is_0f(insn, 0xAE) || !insn.rep || insn.modrm < kFirstRegisterModrm) {
    return GsBaseAccess::kNone;
  }
  const uint8_t number = operation(insn);
  return number == 1   ? GsBaseAccess::kRead
         : number == 3 ? GsBaseAccess::kWrite
                       : GsBaseAccess::kNone;
}

/// Whether lea could take the operand's address: an EVEX displacement may be scaled, the index of a
/// gather or a tile's load is no general register.
inline bool has_plain_address(const Insn& insn) {
  if (insn.rip_relative) return true;
  const bool vector_index = insn.opcode >= 0x90 && insn.opcode <= 0x93;
  const bool tile = insn.opcode == 0x4B;
  return insn.map != Map::kEvex && !(insn.map == Map::kVex0F38 && (vector_index || tile));
}

// One-byte instructions with an implicit memory operand.
inline bool is_xlat(const Insn& insn) { return is_one_byte(insn, 0xD7); }
/// Loads and stores of al, ax, eax and rax at an absolute address.
inline bool is_absolute_move(const Insn& insn) {
  return insn.map == Map::kOneByte && (insn.opcode & 0xFC) == 0xA0;
}
inline bool is_absolute_store(const Insn& insn) {
  return insn.map == Map::kOneByte && (insn.opcode & 0xFE) == 0xA2;
}
/// movs and its kin, by their byte form; the bit that is left out says bytes or more.
inline bool is_string(const Insn& insn, uint8_t byte_form) {
  return insn.map == Map::kOneByte && (insn.opcode & 0xFE) == byte_form;
}
inline bool is_movs(const Insn& insn) { return is_string(insn, 0xA4); }
inline bool is_cmps(const Insn& insn) { return is_string(insn, 0xA6); }
inline bool is_stos(const Insn& insn) { return is_string(insn, 0xAA); }
inline bool is_lods(const Insn& insn) { return is_string(insn, 0xAC); }
inline bool is_ins(const Insn& insn) { return is_string(insn, 0x6C); }
inline bool is_outs(const Insn& insn) { return is_string(insn, 0x6E); }
/// Those that a segment prefix redirects: strings that rsi leads through, xlat, absolute moves.
inline bool is_implicit_memory_access(const Insn& insn) {
  return is_absolute_move(insn) || is_movs(insn) || is_cmps(insn) || is_lods(insn) ||
         is_xlat(insn) || is_outs(insn);
}
/// The bytes that one step of it moves.
inline uint8_t element_size(const Insn& insn) {
  if (is_xlat(insn) || (insn.opcode & 1) == 0) return 1;
  return is_wide(insn) ? 8 : (insn.operand_size_prefix ? 2 : 4);
}

/// For cmovcc and setcc; branches say it by their kind.
inline bool selects_by_condition(const Insn& insn) {
  const uint8_t row = insn.opcode >> 4;
  return insn.map == Map::k0F && (row == 4 || row == 9);
}
/// Of an instruction of Kind::kLoop: 0 loopne, 1 loope, 2 loop, 3 jrcxz.
inline uint8_t loop_number(const Insn& insn) { return insn.opcode & 3; }

/// mov and movsxd of a general register to another, of 32 or 64 bits.
struct RegisterCopy {
  bool any = false;
  Reg to = kRax;
  Reg from = kRax;
  bool sign_extends = false;
};
SIGNAL_SAFE RegisterCopy register_copy(const Insn& insn);

/// Of `add operand, number`, of 32 or 64 bits and without LOCK.
struct AddedNumber {
  bool any = false;
  int32_t number = 0;
};
SIGNAL_SAFE AddedNumber added_number(const uint8_t* bytes, const Insn& insn);

// What is stored, and where.
/// fnstenv and fnsave, which store where the x87 state's last instruction was.
SIGNAL_SAFE bool is_x87_environment_store(const Insn& insn);
SIGNAL_SAFE bool is_fxsave(const Insn& insn);
/// Those that store the components that edx:eax names.
SIGNAL_SAFE bool is_xsave(const Insn& insn);
/// Whether a plain instruction may write memory. Conservative.
SIGNAL_SAFE bool may_write_memory(const Insn& insn);
/// Whether its memory operand, of at most 64 bytes, is all that it writes but for registers, and
/// all the state that it has to do with beyond registers.
SIGNAL_SAFE bool acts_on_operand_alone(const Insn& insn);

/// A push of 8 bytes.
SIGNAL_SAFE bool is_push(const Insn& insn);
/// Of a push: what it stores, if that is `known`, which it is but for one of memory.
struct Pushed {
  bool known = false;
  uint64_t value = 0;
};
SIGNAL_SAFE Pushed pushed_by(const CpuContext& registers, const uint8_t* bytes, const Insn& insn);

}  // namespace weft::x86
