#include "translate/x87_pointers.h"

#include <cstddef>

#include "translate/thread_block.h"
#include "x86/names.h"

namespace weft::translate {
namespace {

using x86::Insn;

constexpr uint32_t kContextRcx =
    offsetof(ThreadBlock, context) + offsetof(x86::CpuContext, gpr) + 8 * x86::kRcx;

/// Goes on at the field that is returned if eax does not name the x87 state. rcx has a value of
/// ours from here on.
uint32_t emit_skip_unless_named(x86::Assembler& out) {
  // Bit 0 of al alone is left in rcx, with no flag changed; jrcxz tests it.
  const uint8_t code[] = {0x0F, 0xB6, 0xC8,                    // movzx ecx, al
                          0x48, 0x0F, 0xC9,                    // bswap rcx
                          0x48, 0x8D, 0x0C, 0xCD, 0, 0, 0, 0,  // lea rcx, [rcx*8]
                          0x48, 0x8D, 0x0C, 0xCD, 0, 0, 0, 0,  // lea rcx, [rcx*8]
                          0x48, 0x8D, 0x0C, 0x09,              // lea rcx, [rcx+rcx]
                          0xE3, 0};                            // jrcxz
  out.bytes(code, sizeof code);
  return out.position();
}

}  // namespace

bool stores_x87_pointers(const Insn& insn) {
  if (!x86::has_memory_operand(insn) || insn.rep || insn.repne) return false;
  return x86::is_x87_environment_store(insn) || x86::is_fxsave(insn) || x86::is_xsave(insn);
}

void emit_x87_settling(Draft& draft, const Instruction& at, Record& record) {
  using cache::Fixup;
  x86::Assembler& out = draft.hot;
  record.zone().uncuttable = true;
  out.mov_gs_reg(kContextRcx, x86::kRcx);
  const bool chooses = x86::is_xsave(at.insn);
  const uint32_t skip = chooses ? emit_skip_unless_named(out) : 0;
  const uint32_t resume = out.lea_rip(x86::kRcx);
  out.mov_gs_reg(offsetof(ThreadBlock, call_resume), x86::kRcx);
  draft.to_routine(out.jmp_rel32(), draft.environment.routines.settle_x87);
  if (chooses) {
    out.patch_u8(skip - 1, static_cast<uint8_t>(out.position() - skip));
    out.mov_reg_gs(x86::kRcx, kContextRcx);
  }
  draft.fixups.push_back(
      {Fixup::Where::kHot, Fixup::Kind::kHotRelative, 0, resume, out.position()});
  record.zone().uncuttable = false;
}

}  // namespace weft::translate
