/* INSTR_CREATE_*: an instruction of an opcode from its explicit operands, destinations first.
 * XINST_CREATE_*: the same under names that do not depend on the architecture. OPND_CREATE_*: the
 * usual operands. */
#ifndef DR_IR_MACROS_H
#define DR_IR_MACROS_H

#include "dr_ir_instr.h"
#include "dr_ir_macros_x86.h"
#include "dr_ir_opcodes.h"

#ifdef __cplusplus
extern "C" {
#endif
/* Intel's recommended no-ops of one to three bytes; reg is used by the longer ones. */
instr_t* weft_instr_create_nop(void* drcontext, uint bytes, reg_id_t reg);
#ifdef __cplusplus
}
#endif

#define OPND_CREATE_ABSMEM(addr, size) opnd_create_rel_addr(addr, size)
#define OPND_CREATE_INT64(val) opnd_create_immed_int64((int64)(val), OPSZ_8)
#define OPND_CREATE_INT32(val) opnd_create_immed_int((ptr_int_t)(val), OPSZ_4)
#define OPND_CREATE_INT16(val) opnd_create_immed_int((ptr_int_t)(val), OPSZ_2)
#define OPND_CREATE_INT8(val) opnd_create_immed_int((ptr_int_t)(val), OPSZ_1)
#define OPND_CREATE_INTPTR(val) OPND_CREATE_INT64(val)
#define OPND_CREATE_INT_32OR8(val)                                            \
  ((ptr_int_t)(val) >= -128 && (ptr_int_t)(val) < 128 ? OPND_CREATE_INT8(val) \
                                                      : OPND_CREATE_INT32(val))
#define OPND_CREATE_INT_16OR8(val)                                            \
  ((ptr_int_t)(val) >= -128 && (ptr_int_t)(val) < 128 ? OPND_CREATE_INT8(val) \
                                                      : OPND_CREATE_INT16(val))
#define OPND_CREATE_MEM8(base, disp) opnd_create_base_disp(base, DR_REG_NULL, 0, disp, OPSZ_1)
#define OPND_CREATE_MEM16(base, disp) opnd_create_base_disp(base, DR_REG_NULL, 0, disp, OPSZ_2)
#define OPND_CREATE_MEM32(base, disp) opnd_create_base_disp(base, DR_REG_NULL, 0, disp, OPSZ_4)
#define OPND_CREATE_MEM64(base, disp) opnd_create_base_disp(base, DR_REG_NULL, 0, disp, OPSZ_8)
#define OPND_CREATE_MEMPTR(base, disp) OPND_CREATE_MEM64(base, disp)
#define OPND_CREATE_MEM_lea(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_lea)
#define OPND_CREATE_MEM_invlpg(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_invlpg)
#define OPND_CREATE_MEM_clflush(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_clflush)
#define OPND_CREATE_MEM_prefetch(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_prefetch)
#define OPND_CREATE_MEM_lgdt(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_lgdt)
#define OPND_CREATE_MEM_sgdt(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_sgdt)
#define OPND_CREATE_MEM_lidt(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_lidt)
#define OPND_CREATE_MEM_sidt(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_sidt)
#define OPND_CREATE_MEM_bound(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_bound)
#define OPND_CREATE_MEM_fldenv(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_fldenv)
#define OPND_CREATE_MEM_fnstenv(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_fnstenv)
#define OPND_CREATE_MEM_fnsave(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_fnsave)
#define OPND_CREATE_MEM_frstor(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_frstor)
#define OPND_CREATE_MEM_fxsave(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_fxsave)
#define OPND_CREATE_MEM_fxrstor(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_fxrstor)
#define OPND_CREATE_MEM_ptwrite(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_ptwrite)
#define OPND_CREATE_MEM_xsave(base, index, scale, disp) \
  opnd_create_base_disp(base, index, scale, disp, OPSZ_xsave)

#define INSTR_CREATE_label(dc) instr_create_0dst_0src(dc, OP_LABEL)
#define INSTR_CREATE_nop1byte(dc) weft_instr_create_nop(dc, 1, DR_REG_NULL)
#define INSTR_CREATE_nop2byte(dc) weft_instr_create_nop(dc, 2, DR_REG_XDI)
#define INSTR_CREATE_nop3byte(dc) weft_instr_create_nop(dc, 3, DR_REG_XDI)
#define INSTR_CREATE_nop1byte_reg(dc, reg) weft_instr_create_nop(dc, 1, reg)
#define INSTR_CREATE_nop2byte_reg(dc, reg) weft_instr_create_nop(dc, 2, reg)
#define INSTR_CREATE_nop3byte_reg(dc, reg) weft_instr_create_nop(dc, 3, reg)
#define LOCK(instr) instr_set_prefix_flag(instr, PREFIX_LOCK)
#define INSTR_XL8(instr, app_addr) instr_set_translation(instr, app_addr)
#define INSTR_PRED(instr, pred) instr_set_predicate(instr, pred)
#define INSTR_ENCODING_HINT(instr, hint) instr_set_encoding_hint(instr, hint)

#define XINST_CREATE_debug_instr(dc) INSTR_CREATE_int3(dc)
#define XINST_CREATE_load(dc, r, m) INSTR_CREATE_mov_ld(dc, r, m)
#define XINST_CREATE_load_1byte(dc, r, m) INSTR_CREATE_mov_ld(dc, r, m)
#define XINST_CREATE_load_2bytes(dc, r, m) INSTR_CREATE_mov_ld(dc, r, m)
#define XINST_CREATE_load_1byte_zext4(dc, r, m) INSTR_CREATE_movzx(dc, r, m)
#define XINST_CREATE_store(dc, m, r) INSTR_CREATE_mov_st(dc, m, r)
#define XINST_CREATE_store_1byte(dc, m, r) INSTR_CREATE_mov_st(dc, m, r)
#define XINST_CREATE_store_2bytes(dc, m, r) INSTR_CREATE_mov_st(dc, m, r)
#define XINST_CREATE_move(dc, d, s) INSTR_CREATE_mov_ld(dc, d, s)
#define XINST_CREATE_load_simd(dc, r, m) INSTR_CREATE_movd(dc, r, m)
#define XINST_CREATE_store_simd(dc, m, r) INSTR_CREATE_movd(dc, m, r)
#define XINST_CREATE_load_int(dc, r, i) INSTR_CREATE_mov_imm(dc, r, i)
#define XINST_CREATE_return(dc) INSTR_CREATE_ret(dc)
#define XINST_CREATE_jump(dc, t) INSTR_CREATE_jmp(dc, t)
#define XINST_CREATE_jump_short(dc, t) INSTR_CREATE_jmp_short(dc, t)
#define XINST_CREATE_jump_mem(dc, m) INSTR_CREATE_jmp_ind(dc, m)
#define XINST_CREATE_jump_reg(dc, r) INSTR_CREATE_jmp_ind(dc, r)
#define XINST_CREATE_jump_cond(dc, pred, t) INSTR_CREATE_jcc(dc, (pred)-DR_PRED_O + OP_jo, t)
#define XINST_CREATE_call(dc, t) INSTR_CREATE_call(dc, t)
#define XINST_CREATE_call_reg(dc, r) INSTR_CREATE_call_ind(dc, r)
#define XINST_CREATE_add_s(dc, d, s) INSTR_CREATE_add(dc, d, s)
#define XINST_CREATE_sub_s(dc, d, s) INSTR_CREATE_sub(dc, d, s)
#define XINST_CREATE_sub(dc, d, s) INSTR_CREATE_sub(dc, d, s)
#define XINST_CREATE_and_s(dc, d, s) INSTR_CREATE_and(dc, d, s)
#define XINST_CREATE_slr_s(dc, d, s) INSTR_CREATE_shr(dc, d, s)
#define XINST_CREATE_cmp(dc, s1, s2) INSTR_CREATE_cmp(dc, s1, s2)
#define XINST_CREATE_interrupt(dc, i) INSTR_CREATE_int(dc, i)
#define XINST_CREATE_nop(dc) INSTR_CREATE_nop(dc)
/* Sums by lea: the flags stay. s of add is a register or an immediate; s1 and s2 of the others are
 * registers, or s2 of add_2src an immediate. */
#define XINST_CREATE_add(dc, d, s) XINST_CREATE_add_2src(dc, d, d, s)
#define XINST_CREATE_add_2src(dc, d, s1, s2)                                                       \
  INSTR_CREATE_lea(dc, d,                                                                          \
                   opnd_is_reg(s2)                                                                 \
                       ? opnd_create_base_disp(opnd_get_reg(s1), opnd_get_reg(s2), 1, 0, OPSZ_lea) \
                       : opnd_create_base_disp(opnd_get_reg(s1), DR_REG_NULL, 0,                   \
                                               (int)opnd_get_immed_int(s2), OPSZ_lea))
#define XINST_CREATE_add_sll(dc, d, s1, s2_toshift, shift_amount)                    \
  INSTR_CREATE_lea(dc, d,                                                            \
                   opnd_create_base_disp(opnd_get_reg(s1), opnd_get_reg(s2_toshift), \
                                         1 << (shift_amount), 0, OPSZ_lea))
#endif
