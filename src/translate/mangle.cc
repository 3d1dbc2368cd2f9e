#include "translate/mangle.h"

#include "translate/mangle_record.h"
#include "translate/x87_pointers.h"
#include "x86/names.h"
#include "x86/rewrite.h"
#include "x86/scratch.h"

namespace weft::translate {
namespace {

using x86::Insn;
using x86::Kind;
using x86::Reg;
using x86::Segment;

/// An instruction whose RIP-relative operand is out of the cache's reach: its address goes through
/// a scratch register.
void emit_far_operand(Draft& draft, const Instruction& at, Record& record) {
  const Reg scratch = x86::choose_short_register(x86::registers_used(at.bytes, at.insn));
  draft.hot.mov_gs_reg(kSpill0, scratch);
  draft.hot.mov_reg_imm(scratch, at.target().value);
  record.zone().spilled_0 = scratch;
  x86::emit_with_base(draft.hot, at.bytes, at.insn, scratch);
  record.zone().complete = true;
  draft.hot.mov_reg_gs(scratch, kSpill0);
}

/// An operand in the program's gs segment, whose base the thread's context holds: that base joins
/// the operand's base register.
void emit_gs_operand(Draft& draft, const Instruction& at, Record& record) {
  const Reg base = x86::choose_short_register(x86::registers_used(at.bytes, at.insn));
  draft.hot.mov_gs_reg(kSpill0, base);
  draft.hot.mov_reg_gs(base, kGsBase);
  record.zone().spilled_0 = base;
  if (const auto added = x86::base_register(at.bytes, at.insn)) {
    draft.hot.lea_sum(base, *added, base);
    // pop takes the address of its operand after rsp has moved.
    const bool pops = x86::is_pop_to_operand(at.insn);
    if (pops && *added == x86::kRsp) draft.hot.add_small(base, at.insn.operand_size_prefix ? 2 : 8);
  }
  x86::emit_with_other_base(draft.hot, at.bytes, at.insn, base);
  record.zone().complete = true;
  draft.hot.mov_reg_gs(base, kSpill0);
}

/// The same for an operand whose address is RIP-relative or of 32 bits: gs's base is added to the
/// whole of it.
void emit_gs_address(Draft& draft, const Instruction& at, Record& record) {
  const uint16_t used = x86::registers_used(at.bytes, at.insn);
  const Reg address = x86::choose_short_register(used);
  const Reg base = x86::choose_short_register(static_cast<uint16_t>(used | 1u << address));
  draft.hot.mov_gs_reg(kSpill0, address);
  draft.hot.mov_gs_reg(kSpill1, base);
  x86::emit_address(draft.hot, at.bytes, at.insn, address,
                    at.insn.rip_relative ? at.target().value : 0);
  record.zone().spilled_0 = address;
  draft.hot.mov_reg_gs(base, kGsBase);
  record.zone().spilled_1 = base;
  draft.hot.lea_sum(address, address, base);
  draft.hot.mov_reg_gs(base, kSpill1);
  record.zone().spilled_1 = kNoReg;
  x86::emit_with_base(draft.hot, at.bytes, at.insn, address);
  record.zone().complete = true;
  draft.hot.mov_reg_gs(address, kSpill0);
}

void emit_rip_relative(Draft& draft, const Instruction& at, Record& record) {
  const uint64_t address = at.target().value;
  if (!at.insn.address_size_prefix && draft.reaches(address)) {
    const uint32_t start = draft.hot.position();
    draft.hot.bytes(at.bytes, at.insn.length);
    draft.to_address(start + at.insn.disp_offset, address, at.insn.imm_size);
    return;
  }
  if (x86::is_lea(at.insn) && x86::is_wide(at.insn) && !at.insn.address_size_prefix) {
    draft.hot.mov_reg_imm(x86::reg_operand(at.insn), address);
    return;
  }
  const bool addressable = !at.insn.address_size_prefix;
  if (addressable && x86::emit_with_absolute(draft.hot, at.bytes, at.insn, address)) {
    return;
  }
  emit_far_operand(draft, at, record);
}

/// rdgsbase and wrgsbase with a 64-bit register act on the thread's context.
bool emit_gs_base_access(Draft& draft, const Instruction& at) {
  const x86::GsBaseAccess access = x86::gs_base_access(at.insn);
  if (access == x86::GsBaseAccess::kNone || !x86::is_wide(at.insn)) return false;
  const Reg reg = x86::rm_operand(at.insn);
  if (access == x86::GsBaseAccess::kRead) {
    draft.hot.mov_reg_gs(reg, kGsBase);
  } else {
    draft.hot.mov_gs_reg(kGsBase, reg);
  }
  return true;
}

void emit_emulation(Draft& draft, AppPc pc) {
  constexpr uint32_t kNextPc = offsetof(ThreadBlock, next_pc);
  draft.hot.mov_gs_imm32(kNextPc, static_cast<uint32_t>(pc.value));
  draft.hot.mov_gs_imm32(kNextPc + 4, static_cast<uint32_t>(pc.value >> 32));
  draft.to_routine(draft.hot.jmp_rel32(), draft.environment.routines.emulate);
}

/// popf, unless it sets the trap flag: the runtime steps from there on. The flags that `test`
/// changes are overwritten in any case.
void emit_pop_flags(Draft& draft, const Instruction& at, Record& record) {
  x86::Assembler& out = draft.hot;
  out.mov_gs_reg(kSpill0, x86::kRcx);
  record.zone().spilled_0 = x86::kRcx;
  constexpr uint8_t kTrapFlag = 1;  // in the second byte of rflags
  out.load_byte_above_rsp(x86::kRcx, 1);
  out.test_byte(x86::kRcx, kTrapFlag);
  record.zone().uncuttable = true;
  out.mov_reg_gs(x86::kRcx, kSpill0);
  x86::Label clear;
  out.jcc(x86::kEqual, clear);
  emit_emulation(draft, at.pc);
  out.bind(clear);
  UndoZone& last = record.zone();
  last.uncuttable = false;
  last.spilled_0 = kNoReg;
  out.bytes(at.bytes, at.insn.length);
}

bool is_32bit_gs_base_access(const Insn& insn) {
  return x86::gs_base_access(insn) != x86::GsBaseAccess::kNone && !x86::is_wide(insn);
}

}  // namespace

bool has_gs_operand(const Insn& insn) {
  return insn.segment == Segment::kGs && x86::has_memory_operand(insn) && !x86::is_lea(insn);
}

bool needs_emulation(const Instruction& at) {
  const Insn& insn = at.insn;
  if (x86::is_cpuid(insn)) return true;  // its answers are kept
  if (x86::changes_gs_selector(insn) || is_32bit_gs_base_access(insn)) return true;
  if (insn.segment != Segment::kGs) return false;
  if (x86::is_implicit_memory_access(insn)) return true;
  return has_gs_operand(insn) && insn.address_size_prefix && !x86::has_plain_address(insn);
}

void mangle_plain(Draft& draft, const Instruction& at) {
  Record record(draft, at);
  if (stores_x87_pointers(at.insn)) emit_x87_settling(draft, at, record);
  const bool pops_flags = x86::is_pop_flags(at.insn);
  const bool steps = draft.environment.single_instructions;
  if (steps && (pops_flags || x86::is_push_flags(at.insn))) {
    // The trap flag is the runtime's to keep.
    emit_emulation(draft, at.pc);
  } else if (pops_flags) {
    emit_pop_flags(draft, at, record);
  } else if (has_gs_operand(at.insn)) {
    if (at.insn.rip_relative || at.insn.address_size_prefix) {
      emit_gs_address(draft, at, record);
    } else {
      emit_gs_operand(draft, at, record);
    }
  } else if (at.insn.rip_relative) {
    emit_rip_relative(draft, at, record);
  } else if (!emit_gs_base_access(draft, at)) {
    draft.hot.bytes(at.bytes, at.insn.length);
  }
  record.finish();
}

void mangle_syscall(Draft& draft, const Instruction& at) {
  Record record(draft, at);
  // The instruction leaves its own next address in rcx, so rcx is free to carry it.
  draft.hot.mov_reg_imm(x86::kRcx, at.next().value);
  record.zone().uncuttable = true;
  draft.to_routine(draft.hot.jmp_rel32(), draft.environment.routines.syscall);
  record.finish();
}

void mangle_emulated(Draft& draft, const Instruction& at) {
  Record record(draft, at);
  emit_emulation(draft, at.pc);
  record.finish();
}

void copy_verbatim(Draft& draft, const Instruction& at) {
  Record record(draft, at);
  draft.hot.bytes(at.bytes, at.insn.length);
  record.finish();
}

void emit_indirect_entry(x86::Assembler& out, const Environment& environment, AppPc tag) {
  if (environment.is_hashed(tag)) {
    out.mov_reg_gs(x86::kRcx, offsetof(ThreadBlock, branch_target));
    out.mov_reg_imm(x86::kRdx, 0 - tag.value);
    out.lea_sum(x86::kRcx, x86::kRcx, x86::kRdx);
    // jrcxz, the one test that touches no flag, hops over the jump if wanted == tag.
    x86::Label skip;
    out.jrcxz(skip);
    out.jmp_far(environment.routines.hash_mismatch.value);
    out.bind(skip);
    out.mov_reg_gs(x86::kRdx, kSpill0);
  }
  out.mov_reg_gs(x86::kRcx, kSpillRcx);
}

void emit_choice_door(x86::Assembler& out, const Environment& environment) {
  if (environment.choice_of_branches() != 0) out.nop(Environment::kByChoice);
}

void emit_choice_jump(x86::Assembler& out, x86::Label& to) {
  out.jmp(to);
  out.traps(Environment::kByChoice - x86::kShortJumpSize);
}

}  // namespace weft::translate
