// The program's segment bases, in inserted code.
#include "core/clean_call.h"
#include "core/context.h"
#include "core/inserted_code.h"

using namespace weft::dynamorio;

namespace {

using weft::CallContext;
using weft::Register;

/// Sets the register `number` to the base of the segment.
void load_base(int segment, int number) {
  CallContext& context = Context::current()->thread->context();
  const reg_t base = segment == DR_SEG_FS ? context.fs_base() : context.gs_base();
  context.set(static_cast<Register>(number), base);
}

}  // namespace

extern "C" {

bool dr_insert_get_seg_base(void* drcontext, instrlist_t* ilist, instr_t* instr, reg_id_t seg,
                            reg_id_t reg) {
  if (!reg_is_gpr(reg) || !reg_is_pointer_sized(reg)) return false;
  if (seg != DR_SEG_FS && seg != DR_SEG_GS) {
    add_meta(ilist, instr,
             INSTR_CREATE_mov_imm(drcontext, opnd_create_reg(reg), OPND_CREATE_INT32(0)));
    return true;
  }
  if (seg == DR_SEG_FS && proc_has_feature(FEATURE_FSGSBASE)) {
    add_meta(ilist, instr, INSTR_CREATE_rdfsbase(drcontext, opnd_create_reg(reg)));
    return true;
  }
  insert_call(drcontext, ilist, instr,
              {reinterpret_cast<void*>(&load_base),
               {OPND_CREATE_INT32(seg), OPND_CREATE_INT32(reg - DR_REG_START_GPR)},
               false});
  return true;
}

bool dr_insert_get_app_tls(void* drcontext, instrlist_t* ilist, instr_t* instr, reg_id_t tls_reg,
                           reg_id_t reg) {
  return dr_insert_get_seg_base(drcontext, ilist, instr, tls_reg, reg);
}

void dr_insert_save_fpstate(void* drcontext, instrlist_t* ilist, instr_t* where, opnd_t buf) {
  opnd_set_size(&buf, OPSZ_512);
  add_meta(ilist, where, INSTR_CREATE_fxsave64(drcontext, buf));
}

void dr_insert_restore_fpstate(void* drcontext, instrlist_t* ilist, instr_t* where, opnd_t buf) {
  opnd_set_size(&buf, OPSZ_512);
  add_meta(ilist, where, INSTR_CREATE_fxrstor64(drcontext, buf));
}

}  // extern "C"
