// What the fields of instr_t mean, and the doors between its levels: raw bits, opcode, operands.
#pragma once

#include <cstdint>

#include "dr_ir_instr.h"

namespace weft::dynamorio {

// instr_t::flags
constexpr uint32_t kOpcodeValid = 1 << 0;
constexpr uint32_t kOperandsValid = 1 << 1;
constexpr uint32_t kRawValid = 1 << 2;
constexpr uint32_t kOwnsBits = 1 << 3;  // `bytes` was allocated for it
constexpr uint32_t kMeta = 1 << 4;
constexpr uint32_t kNoEmit = 1 << 5;
constexpr uint32_t kMayFault = 1 << 6;
constexpr uint32_t kFixed = 1 << 7;  // an instr_noalloc_t: never allocates
constexpr uint32_t kEflagsValid = 1 << 8;
constexpr uint32_t kRipRelValid = 1 << 9;  // rip_rel_pos is known

// instr_t::prefixes, beside PREFIX_*: what EVEX adds to the operands.
constexpr uint32_t kPrefixZeroing = 1 << 8;
constexpr uint32_t kPrefixSae = 1 << 10;
constexpr uint32_t kPrefixRounding = 7 << 11;  // a ZydisRoundingMode
constexpr uint32_t kPrefixRoundingShift = 11;
constexpr uint32_t kPrefixBroadcast = 15 << 16;  // a ZydisBroadcastMode
constexpr uint32_t kPrefixBroadcastShift = 16;
constexpr uint32_t kPrefixAddress32 = 1 << 14;  // implicit addresses use 32-bit registers
constexpr uint32_t kPrefixEvex = 1 << 15;       // it was decoded from EVEX

inline bool has(const instr_t* instr, uint32_t flag) { return (instr->flags & flag) != 0; }
inline void set(instr_t* instr, uint32_t flag, bool value) {
  instr->flags = value ? instr->flags | flag : instr->flags & ~flag;
}

inline opnd_t* operands_of(instr_t* instr) {
  return instr->many != nullptr ? instr->many : instr->few;
}
inline opnd_t* destinations_of(instr_t* instr) { return operands_of(instr); }
inline opnd_t* sources_of(instr_t* instr) { return operands_of(instr) + instr->num_dsts; }

/// Decode what is not yet known from raw bits. False if there is nothing to know it from.
bool know_opcode(instr_t* instr);
bool know_operands(instr_t* instr);

/// DR_PRED_*: the condition under which an opcode does what it does.
int predicate_of(int opcode);

/// The operands changed: bits, flags and what was derived from them do not hold any more.
void operands_changed(instr_t* instr);

}  // namespace weft::dynamorio
