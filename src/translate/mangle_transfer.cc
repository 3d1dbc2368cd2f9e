// Control transfers: how a block ends, and how a trace goes on behind it.
#include <optional>

#include "translate/mangle.h"
#include "translate/mangle_record.h"
#include "x86/names.h"
#include "x86/rewrite.h"
#include "x86/shadow_branch.h"

namespace weft::translate {
namespace {

using x86::Insn;
using x86::Kind;
using x86::Reg;
using x86::Segment;

/// Puts the target of an indirect transfer into rcx, whose value has been spilled.
void emit_target_to_rcx(Draft& draft, const Instruction& at) {
  const Insn& insn = at.insn;
  if (x86::has_register_operand(insn)) {
    const Reg reg = x86::rm_operand(insn);
    if (reg != x86::kRcx) draft.hot.mov_reg_reg(x86::kRcx, reg);
    return;
  }
  if (insn.rip_relative && (insn.address_size_prefix || !draft.reaches(at.target().value))) {
    const uint64_t address = at.target().value;
    if (!insn.address_size_prefix && address <= INT32_MAX) {
      if (insn.segment == Segment::kFs) draft.hot.fs_prefix();
      draft.hot.mov_reg_absolute(x86::kRcx, static_cast<uint32_t>(address));
      return;
    }
    draft.hot.mov_reg_imm(x86::kRcx, address);
    if (insn.segment == Segment::kFs) draft.hot.fs_prefix();
    draft.hot.load_at(x86::kRcx, x86::kRcx, sizeof(uint64_t));
    return;
  }
  const uint32_t field = x86::emit_load_from_operand(draft.hot, at.bytes, insn, x86::kRcx);
  if (insn.rip_relative) draft.to_address(field, at.target().value, 0);
}

/// The return reads the shadow word of its target, which is seldom in the cache of a program with
/// many call sites. Where one instruction can name it, its way there overlaps with the callee.
void prefetch_shadow(Draft& draft, AppPc target) {
  const Environment& environment = draft.environment;
  if (!draft.prefetch_returns || environment.indirect != IndirectMode::kShadow) return;
  const uint64_t word = 8 * target.value + environment.shadow_displacement;
  if (target.value < UINT32_MAX && word <= UINT32_MAX) {
    draft.hot.prefetch_low(static_cast<uint32_t>(word));
  }
}

void emit_push_return_address(Draft& draft, AppPc return_address) {
  // Ahead of the push, behind which the instruction cannot be made again.
  prefetch_shadow(draft, return_address);
  const auto value = static_cast<int64_t>(return_address.value);
  if (value == static_cast<int32_t>(value)) {
    draft.hot.push_imm32(static_cast<int32_t>(value));
  } else {
    // One instruction and one 8-byte store: two 4-byte stores would stall the return that loads it.
    draft.to_literal(draft.hot.push_rip_literal(), return_address);
  }
}

/// The same, noted in the record: whoever is stopped behind it has the push undone.
void emit_push_return_address(Draft& draft, Record& record, AppPc return_address) {
  emit_push_return_address(draft, return_address);
  record.zone().rsp_delta = sizeof(uint64_t);
}

/// With the target in rcx and the program's rcx spilled: goes there by the shadow map, to the
/// choice at the entry. A miss finds the target in the thread's block.
void emit_jump_to_choice(Draft& draft) {
  x86::Assembler& out = draft.hot;
  out.mov_gs_reg(offsetof(ThreadBlock, branch_target), x86::kRcx);
  x86::emit_shadow_load(out, draft.environment.shadow_displacement);
  out.add_small(x86::kRcx, -int8_t{Environment::kByChoice});
  out.jmp_reg(x86::kRcx);
}

/// With the target in rcx and the program's rcx spilled: looks it up in the hash table.
void emit_hashed_jump(Draft& draft, Record& record) {
  x86::Assembler& out = draft.hot;
  out.mov_gs_reg(offsetof(ThreadBlock, branch_target), x86::kRcx);
  out.mov_gs_reg(kSpill0, x86::kRdx);
  out.mov_gs_imm32(offsetof(ThreadBlock, hash_level), 0);
  record.zone().spilled_0 = x86::kRdx;
  out.mov_reg_gs(x86::kRdx, offsetof(ThreadBlock, hash_table));
  out.zero_extend_short(x86::kRcx, x86::kRcx, sizeof(uint16_t));
  out.jmp_table(x86::kRdx, x86::kRcx);
}

/// With the target in rcx and the program's rcx spilled: the branch at `site` goes there by the
/// shadow map or the hash table.
void emit_indirect_jump(Draft& draft, Record& record, AppPc site) {
  x86::Assembler& out = draft.hot;
  if (draft.environment.indirect == IndirectMode::kDispatch) {
    draft.to_routine(out.jmp_rel32(), draft.environment.routines.indirect_miss);
    return;
  }
  if (draft.environment.looks_up(site)) return emit_hashed_jump(draft, record);
  const uint8_t choice = draft.environment.choice_of_branches();
  if (choice != 0 && draft.choice != choice) return emit_jump_to_choice(draft);
  x86::emit_shadow_jump(out, draft.environment.shadow_displacement);
}

uint16_t return_immediate(const Instruction& at) {
  if (at.insn.imm_size == 0) return 0;
  const uint8_t* end = at.bytes + at.insn.length;
  return static_cast<uint16_t>(end[-2] | end[-1] << 8);
}

/// Takes a return's target, and what it pops beside it, off the stack into rcx.
void emit_pop_target(Draft& draft, const Instruction& at, Record& record) {
  const uint16_t extra = return_immediate(at);
  draft.hot.pop(x86::kRcx);
  auto popped = static_cast<int16_t>(8);
  if (extra != 0) {
    record.zone().rsp_delta = -8;
    draft.hot.lea_rsp(extra);
    popped = static_cast<int16_t>(popped + extra);
  }
  record.zone().rsp_delta = static_cast<int16_t>(-popped);
}

void emit_return(Draft& draft, const Instruction& at, Record& record) {
  emit_pop_target(draft, at, record);
  if (!draft.pairs_returns || draft.environment.looks_up(at.pc)) {
    emit_indirect_jump(draft, record, at.pc);
    return;
  }
  // The cache's address takes the return address's place: a `ret` with an operand, which could pop
  // it from below, costs more than it saves.
  x86::emit_shadow_push(draft.hot, draft.environment.shadow_displacement);
  record.zone().uncuttable = true;
  x86::emit_paired_return(draft.hot);
}

}  // namespace

void mangle_conditional(Draft& draft, const Instruction& at) {
  Record record(draft, at);
  x86::Assembler& out = draft.hot;
  if (at.insn.kind == Kind::kCondJump) {
    draft.exit_condition(at.insn.condition(), at.target());
    record.finish();
    return;
  }
  // loop, jrcxz and xbegin have no form that an exit could patch: they hop over a jump.
  x86::Label taken;
  x86::Label over;
  if (at.insn.kind == Kind::kXbegin) {
    out.xbegin(taken);
  } else {
    out.loop(x86::loop_number(at.insn), at.insn.address_size_prefix, taken);
  }
  record.zone().uncuttable = true;
  out.jmp(over);
  out.bind(taken);
  draft.exit_jump(at.target());
  out.bind(over);
  record.finish();
}

void mangle_call(Draft& draft, const Instruction& at, AppPc target) {
  Record record(draft, at);
  emit_push_return_address(draft, record, at.next());
  draft.exit_jump(target);
  record.finish();
}

void mangle_paired_call(Draft& draft, const Instruction& at, std::optional<AppPc> target) {
  Record record(draft, at);
  if (target) {
    emit_push_return_address(draft, record, at.next());
    draft.exit_call(*target);
  } else {
    draft.hot.mov_gs_reg(kSpillRcx, x86::kRcx);
    record.zone().rcx_spilled = true;
    emit_target_to_rcx(draft, at);
    draft.thunks.push_back({draft.hot.call_rel32(), at.pc, at.insn.length, draft.hold});
  }
  record.finish();
}

void emit_thunks(Draft& draft) {
  for (const CallThunk& thunk : draft.thunks) {
    const Instruction call{thunk.pc, nullptr, {.length = thunk.length}};
    draft.map.go_to(thunk.pc, draft.hot.position());
    draft.to_hot(thunk.call_field, draft.hot.position());
    draft.hold = thunk.hold;
    draft.fresh = false;
    Record record(draft, call);
    draft.hold = false;
    UndoZone& pushed = record.zone();
    pushed.rcx_spilled = true;
    pushed.rsp_delta = 8;
    draft.hot.lea_rsp(8);  // off with the cache's return address, on with the program's
    record.zone().rsp_delta = 0;
    emit_push_return_address(draft, record, call.next());
    emit_indirect_jump(draft, record, thunk.pc);
    record.finish();
  }
}

void mangle_indirect(Draft& draft, const Instruction& at) {
  if (at.insn.kind != Kind::kReturn && has_gs_operand(at.insn)) {
    mangle_emulated(draft, at);
    return;
  }
  Record record(draft, at);
  x86::Assembler& out = draft.hot;
  out.mov_gs_reg(kSpillRcx, x86::kRcx);
  record.zone().rcx_spilled = true;
  if (at.insn.kind == Kind::kReturn) {
    emit_return(draft, at, record);
    record.finish();
    return;
  }
  emit_target_to_rcx(draft, at);
  if (at.insn.kind == Kind::kIndirectCall) {
    emit_push_return_address(draft, record, at.next());
  }
  emit_indirect_jump(draft, record, at.pc);
  record.finish();
}

namespace {

/// rcx += value, without touching flags; rdx is there to be used.
void emit_add_to_rcx(x86::Assembler& out, uint64_t value, bool through_rdx) {
  if (through_rdx) {
    out.mov_reg_imm(x86::kRdx, value);
    out.lea_sum(x86::kRcx, x86::kRcx, x86::kRdx);
  } else {
    out.lea_rcx(static_cast<int32_t>(static_cast<int64_t>(value)));
  }
}

bool fits_int32(uint64_t value) {
  const auto number = static_cast<int64_t>(value);
  return number > INT32_MIN && number <= INT32_MAX;
}

/// With the target in rcx and the program's rcx spilled, for the branch at `site`: goes on behind
/// this code, rcx restored, if the target is `next`, and by the shadow map or the hash table if it
/// is not. `pushed` is the
/// return address of a call.
void emit_compared_jump(Draft& draft, Record& record, AppPc site, AppPc next,
                        std::optional<AppPc> pushed) {
  x86::Assembler& out = draft.hot;
  const bool through_rdx = !fits_int32(next.value);
  if (through_rdx) {
    out.mov_gs_reg(kSpill0, x86::kRdx);
    record.zone().spilled_0 = x86::kRdx;
  }
  emit_add_to_rcx(out, 0 - next.value, through_rdx);
  x86::Label equal;
  out.jrcxz(equal);
  emit_add_to_rcx(out, next.value, through_rdx);
  if (through_rdx) {
    out.mov_reg_gs(x86::kRdx, kSpill0);
    record.zone().spilled_0 = kNoReg;
  }
  if (pushed) {
    emit_push_return_address(draft, record, *pushed);
  }
  emit_indirect_jump(draft, record, site);
  out.bind(equal);
  UndoZone& hit = record.zone();
  if (pushed) hit.rsp_delta = 0;
  hit.spilled_0 = kNoReg;
  if (through_rdx) {
    hit.spilled_0 = x86::kRdx;
    out.mov_reg_gs(x86::kRdx, kSpill0);
  }
  out.mov_reg_gs(x86::kRcx, kSpillRcx);
  if (!pushed) return;
  // Until the push is done the call can be made again.
  emit_push_return_address(draft, *pushed);
}

/// An indirect transfer that a trace may follow: a return, a call, or a jump through a fixed place
/// as the linker makes them. Other jumps are mostly tables, which lead to many places.
bool is_worth_comparing(const Instruction& at) {
  if (at.insn.kind == Kind::kReturn) return true;
  if (has_gs_operand(at.insn)) return false;
  return at.insn.kind == Kind::kIndirectCall || at.insn.rip_relative;
}

bool mangle_indirect_towards(Draft& draft, const Instruction& at, AppPc next) {
  if (!is_worth_comparing(at)) return false;
  Record record(draft, at);
  x86::Assembler& out = draft.hot;
  out.mov_gs_reg(kSpillRcx, x86::kRcx);
  record.zone().rcx_spilled = true;
  std::optional<AppPc> pushed;
  if (at.insn.kind == Kind::kReturn) {
    emit_pop_target(draft, at, record);
  } else {
    emit_target_to_rcx(draft, at);
    if (at.insn.kind == Kind::kIndirectCall) pushed = at.next();
  }
  emit_compared_jump(draft, record, at.pc, next, pushed);
  record.finish();
  return true;
}

}  // namespace

bool mangle_towards(Draft& draft, const Instruction& at, AppPc next) {
  Record record(draft, at);
  switch (at.insn.kind) {
    case Kind::kCondJump: {
      if (next != at.target() && next != at.next()) return false;
      // Taken when it was recorded: the other side leaves, by the opposite condition.
      const bool taken = next != at.next();
      const auto condition = static_cast<uint8_t>(at.insn.condition() ^ (taken ? 1 : 0));
      draft.exit_condition(condition, taken ? at.next() : at.target());
      break;
    }
    case Kind::kLoop:
    case Kind::kXbegin:
      if (next != at.next()) return false;
      mangle_conditional(draft, at);
      return true;
    case Kind::kJump:
      if (next != at.target()) return false;
      break;
    case Kind::kCall:
      if (next != at.target()) return false;
      emit_push_return_address(draft, at.next());
      break;
    case Kind::kReturn:
    case Kind::kIndirectJump:
    case Kind::kIndirectCall:
      return mangle_indirect_towards(draft, at, next);
    default:
      return false;
  }
  record.finish();
  return true;
}

}  // namespace weft::translate
