// Re-encodes an instruction with another memory operand. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "x86/assembler.h"
#include "x86/decode.h"

namespace weft::x86 {

/// Emits the instruction with its memory operand replaced by [base], without its gs segment prefix.
/// `base` is one of kShortRegisters (scratch.h).
void emit_with_base(Assembler& out, const uint8_t* bytes, const Insn& insn, Reg base);

/// The base register of the memory operand, if it has one. Not for RIP-relative operands.
std::optional<Reg> base_register(const uint8_t* bytes, const Insn& insn);

/// Emits the instruction with `base` for its memory operand's base register, or added where it has
/// none, without its gs segment prefix; index (of whatever kind) and displacement stay. `base`
/// is one of kShortRegisters.
void emit_with_other_base(Assembler& out, const uint8_t* bytes, const Insn& insn, Reg base);

/// Emits the instruction, which names its memory by RIP, with the operand [disp32] instead. False,
/// with nothing emitted, if `address` does not fit or the instruction would become too long.
bool emit_with_absolute(Assembler& out, const uint8_t* bytes, const Insn& insn, uint64_t address);

/// Emits `lea to, [the instruction's memory operand]`, without its segment. `rip_target` is what a
/// RIP-relative operand names; it must not be used for one otherwise.
void emit_address(Assembler& out, const uint8_t* bytes, const Insn& insn, Reg to,
                  uint64_t rip_target);

/// Emits the instruction without fs prefixes.
void emit_without_fs(Assembler& out, const uint8_t* bytes, const Insn& insn);

/// Emits `operation memory, number` for the instruction `operation memory, register`, with the
/// register's value. False, with nothing emitted, if it is no such instruction or has no such form.
bool emit_with_immediate(Assembler& out, const uint8_t* bytes, const Insn& insn, uint64_t value);

/// Emits `mov to, [the instruction's memory operand]`, of 64 bits, with its segment and address
/// size; the instruction has no vector prefix. Returns the offset of the operand's disp32 if it is
/// RIP-relative, else ~0.
uint32_t emit_load_from_operand(Assembler& out, const uint8_t* bytes, const Insn& insn, Reg to);

}  // namespace weft::x86
