// Rewrites program instructions so that they behave the same from the cache. x86-specific.
// Works on one Draft, on the thread that owns it; reads program bytes only through the caller's
// copy.
#pragma once

#include <cstdint>
#include <optional>

#include "translate/draft.h"
#include "translate/instruction.h"

namespace weft::translate {

/// Emits an instruction that goes on with the next one (Kind::kPlain).
void mangle_plain(Draft& draft, const Instruction& at);

/// Emits the taken side of jcc, loop and jrcxz, and xbegin's abort side; the code goes on with the
/// fall-through side.
void mangle_conditional(Draft& draft, const Instruction& at);

/// ReturnMode::kPaired: emits a call to `target`, or an indirect one, as a call of the host's, so
/// that the CPU's return stack predicts where it comes back: the code that follows. emit_thunks()
/// lays out the rest of indirect ones.
void mangle_paired_call(Draft& draft, const Instruction& at, std::optional<AppPc> target);
void emit_thunks(Draft& draft);

/// Emits a call to `target`: pushes the return address and leaves for there.
void mangle_call(Draft& draft, const Instruction& at, AppPc target);

/// Emits an indirect jump or call, or a return. They leave the fragment.
void mangle_indirect(Draft& draft, const Instruction& at);

/// Emits the transfer that ends a block of a trace so that the trace goes on at `next`, where it
/// went when it was recorded; elsewhere it leaves the fragment. False, with nothing emitted, if it
/// has no such form.
bool mangle_towards(Draft& draft, const Instruction& at, AppPc next);

/// Emits `syscall`.
void mangle_syscall(Draft& draft, const Instruction& at);

/// Leaves for the dispatcher, which carries the instruction out on the saved state.
void mangle_emulated(Draft& draft, const Instruction& at);

/// Emits an instruction as it stands: it faults or traps, as it does in the program.
void copy_verbatim(Draft& draft, const Instruction& at);

/// True if the runtime has to carry out this plain instruction (see mangle_emulated).
bool needs_emulation(const Instruction& at);

/// Whether it goes on with the next one, for mangle_plain(); all others end a block.
inline bool is_plain(const Instruction& at) {
  return !at.insn.ends_block() && !needs_emulation(at);
}

/// Code with which an indirect branch enters at `tag`, before the fragment's own code. It does not
/// depend on where it lies.
void emit_indirect_entry(x86::Assembler& out, const Environment& environment, AppPc tag);

/// Ahead of an entry of indirect branches: where they come that do not know the outcome of
/// Environment::branch_choice, on their way to the same entry. Nothing if there is no such choice.
void emit_choice_door(x86::Assembler& out, const Environment& environment);
/// The same place, Environment::kByChoice bytes, where all that come there go on at `to`.
void emit_choice_jump(x86::Assembler& out, x86::Label& to);

}  // namespace weft::translate
