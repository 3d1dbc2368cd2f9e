// Re-encodes an instruction with another memory operand. x86-specific, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "x86/assembler.h"
#include "x86/decode.h"

namespace weft::translate {

/// A register of rax, rcx, rdx, rbx, rsi, rdi that is not in `used` (a bit mask), so that it is
/// named without a REX bit.
x86::Reg pick_scratch(uint16_t used);

/// Emits the instruction with its memory operand replaced by [base], without its gs segment prefix.
/// `base` comes from pick_scratch.
void emit_with_base(x86::Assembler& out, const uint8_t* bytes, const x86::Insn& insn,
                    x86::Reg base);

/// The base register of the memory operand, if it has one. Not for RIP-relative operands.
std::optional<x86::Reg> base_register(const uint8_t* bytes, const x86::Insn& insn);

/// Emits the instruction with `base` for its memory operand's base register, or added where it has
/// none, without its gs segment prefix; index (of whatever kind) and displacement stay. `base`
/// comes from pick_scratch.
void emit_with_other_base(x86::Assembler& out, const uint8_t* bytes, const x86::Insn& insn,
                          x86::Reg base);

/// Emits the instruction, which names its memory by RIP, with the operand [disp32] instead. False,
/// with nothing emitted, if `address` does not fit or the instruction would become too long.
bool emit_with_absolute(x86::Assembler& out, const uint8_t* bytes, const x86::Insn& insn,
                        uint64_t address);

/// Emits `lea to, [the instruction's memory operand]`, without its segment. `rip_target` is what a
/// RIP-relative operand names; it must not be used for one otherwise.
void emit_address(x86::Assembler& out, const uint8_t* bytes, const x86::Insn& insn, x86::Reg to,
                  uint64_t rip_target);

/// Emits `opcode` (one byte, e.g. 8B) with REX.W, register `to`, and the memory operand, segment
/// and address-size prefix of `insn`, which is a legacy-encoded FF-group instruction. Returns the
/// offset of the operand's disp32 if it is RIP-relative, else ~0.
uint32_t emit_load_from_operand(x86::Assembler& out, const uint8_t* bytes, const x86::Insn& insn,
                                uint8_t opcode, x86::Reg to);

}  // namespace weft::translate
