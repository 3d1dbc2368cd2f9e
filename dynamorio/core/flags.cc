// Saving the arithmetic flags: lahf and seto into xax, as the original does.
#include "core/inserted_code.h"

using weft::dynamorio::add_meta;

namespace {

/// What sets the overflow flag again if al is 1, and clears it if al is 0.
constexpr int kToOverflow = 0x7F;

}  // namespace

extern "C" {

void dr_save_arith_flags_to_xax(void* drcontext, instrlist_t* ilist, instr_t* where) {
  add_meta(ilist, where, INSTR_CREATE_lahf(drcontext));
  add_meta(ilist, where, INSTR_CREATE_setcc(drcontext, OP_seto, opnd_create_reg(DR_REG_AL)));
}

void dr_restore_arith_flags_from_xax(void* drcontext, instrlist_t* ilist, instr_t* where) {
  add_meta(ilist, where,
           INSTR_CREATE_add(drcontext, opnd_create_reg(DR_REG_AL), OPND_CREATE_INT8(kToOverflow)));
  add_meta(ilist, where, INSTR_CREATE_sahf(drcontext));
}

void dr_save_arith_flags(void* drcontext, instrlist_t* ilist, instr_t* where,
                         dr_spill_slot_t slot) {
  dr_save_reg(drcontext, ilist, where, DR_REG_XAX, slot);
  dr_save_arith_flags_to_xax(drcontext, ilist, where);
}

void dr_restore_arith_flags(void* drcontext, instrlist_t* ilist, instr_t* where,
                            dr_spill_slot_t slot) {
  dr_restore_arith_flags_from_xax(drcontext, ilist, where);
  dr_restore_reg(drcontext, ilist, where, DR_REG_XAX, slot);
}

// lahf knows xax alone: the others go by way of it.
void dr_save_arith_flags_to_reg(void* drcontext, instrlist_t* ilist, instr_t* where, reg_id_t reg) {
  if (reg == DR_REG_XAX) return dr_save_arith_flags_to_xax(drcontext, ilist, where);
  const opnd_t xax = opnd_create_reg(DR_REG_XAX);
  const opnd_t other = opnd_create_reg(reg);
  add_meta(ilist, where, INSTR_CREATE_mov_ld(drcontext, other, xax));
  dr_save_arith_flags_to_xax(drcontext, ilist, where);
  add_meta(ilist, where, INSTR_CREATE_xchg(drcontext, xax, other));
}

void dr_restore_arith_flags_from_reg(void* drcontext, instrlist_t* ilist, instr_t* where,
                                     reg_id_t reg) {
  if (reg == DR_REG_XAX) return dr_restore_arith_flags_from_xax(drcontext, ilist, where);
  const opnd_t xax = opnd_create_reg(DR_REG_XAX);
  const opnd_t other = opnd_create_reg(reg);
  add_meta(ilist, where, INSTR_CREATE_xchg(drcontext, xax, other));
  dr_restore_arith_flags_from_xax(drcontext, ilist, where);
  add_meta(ilist, where, INSTR_CREATE_xchg(drcontext, xax, other));
}

}  // extern "C"
