#include "translate/x87_pointers.h"

#include <cstddef>

#include "translate/thread_block.h"
#include "x86/names.h"

namespace weft::translate {
namespace {

using x86::Insn;

constexpr uint32_t kContextRcx =
    offsetof(ThreadBlock, context) + offsetof(x86::CpuContext, gpr) + 8 * x86::kRcx;

/// Goes on at `skip` if eax does not name the x87 state. rcx has a value of ours from here on.
void emit_skip_unless_named(x86::Assembler& out, x86::Label& skip) {
  // Bit 0 of al alone is left in rcx, with no flag changed; jrcxz tests it.
  x86::MemoryOperand eightfold;
  eightfold.index = x86::kRcx;
  eightfold.scale = 8;
  out.zero_extend_short(x86::kRcx, x86::kRax, 1);
  out.bswap(x86::kRcx);
  out.lea(x86::kRcx, eightfold);
  out.lea(x86::kRcx, eightfold);
  out.double_in_place(x86::kRcx);
  out.jrcxz(skip);
}

}  // namespace

bool stores_x87_pointers(const Insn& insn) {
  if (!x86::has_memory_operand(insn) || insn.rep || insn.repne) return false;
  return x86::is_x87_environment_store(insn) || x86::is_fxsave(insn) || x86::is_xsave(insn);
}

void emit_x87_settling(Draft& draft, const Instruction& at, Record& record) {
  x86::Assembler& out = draft.hot;
  record.zone().uncuttable = true;
  out.mov_gs_reg(kContextRcx, x86::kRcx);
  const bool chooses = x86::is_xsave(at.insn);
  x86::Label skip;
  if (chooses) emit_skip_unless_named(out, skip);
  const uint32_t resume = out.lea_rip(x86::kRcx);
  out.mov_gs_reg(offsetof(ThreadBlock, call_resume), x86::kRcx);
  draft.to_routine(out.jmp_rel32(), draft.environment.routines.settle_x87);
  if (chooses) {
    out.bind(skip);
    out.mov_reg_gs(x86::kRcx, kContextRcx);
  }
  draft.to_hot(resume, out.position());
  record.zone().uncuttable = false;
}

}  // namespace weft::translate
