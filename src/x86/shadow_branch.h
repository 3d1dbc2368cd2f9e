// Indirect branches through the shadow map: the instructions that read a shadow word, as they are
// emitted, and as a fault or a signal recognises them in code. The word of the target in rcx lies
// at rcx * 8 + displacement. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "x86/assembler.h"

namespace weft::x86 {

inline constexpr size_t kShadowReadLength = 7;  ///< of the jump and of the push

/// jmp [rcx*8 + displacement]
void emit_shadow_jump(Assembler& out, uint32_t displacement);
SIGNAL_SAFE bool stands_at_shadow_jump(const uint8_t* code);

/// push qword [rcx*8 + displacement]. Before a ret: a return that the CPU has paired with a call.
void emit_shadow_push(Assembler& out, uint32_t displacement);
SIGNAL_SAFE bool stands_at_shadow_push(const uint8_t* code);

/// A near ret without an operand, which emit_shadow_push() is followed by.
void emit_paired_return(Assembler& out);
SIGNAL_SAFE bool stands_at_return(const uint8_t* code);

/// mov rcx, [rcx*8 + displacement], by a prefix unlike what programs consist of.
void emit_shadow_load(Assembler& out, uint32_t displacement);
SIGNAL_SAFE bool stands_at_shadow_load(const uint8_t* code, uint32_t displacement);

}  // namespace weft::x86
