/* Code that clients insert: saving registers and flags, calls, constants. */
#ifndef DR_IR_UTILS_H
#define DR_IR_UTILS_H

#include "dr_ir_disassemble.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Thread-local slots for registers. */
typedef enum {
  SPILL_SLOT_1 = 0,
  SPILL_SLOT_2,
  SPILL_SLOT_3,
  SPILL_SLOT_4,
  SPILL_SLOT_5,
  SPILL_SLOT_6,
  SPILL_SLOT_7,
  SPILL_SLOT_8,
  SPILL_SLOT_9,
  SPILL_SLOT_10,
  SPILL_SLOT_11,
  SPILL_SLOT_12,
  SPILL_SLOT_13,
  SPILL_SLOT_14,
  SPILL_SLOT_15,
  SPILL_SLOT_16,
  SPILL_SLOT_17,
  SPILL_SLOT_MAX = SPILL_SLOT_17
} dr_spill_slot_t;
/* Where dr_redirect_native_target() leaves its target. */
#define SPILL_SLOT_REDIRECT_NATIVE_TGT SPILL_SLOT_1

/* What dr_insert_clean_call_ex() saves, and how. */
typedef enum {
  DR_CLEANCALL_SAVE_FLOAT = 0x0001,
  DR_CLEANCALL_NOSAVE_FLAGS = 0x0002,
  DR_CLEANCALL_NOSAVE_XMM = 0x0004,
  DR_CLEANCALL_NOSAVE_XMM_NONPARAM = 0x0008,
  DR_CLEANCALL_NOSAVE_XMM_NONRET = 0x0010,
  DR_CLEANCALL_INDIRECT = 0x0020,
  DR_CLEANCALL_RETURNS_TO_NATIVE = 0x0040,
  DR_CLEANCALL_ALWAYS_OUT_OF_LINE = 0x0080,
  DR_CLEANCALL_READS_APP_CONTEXT = 0x0100,
  DR_CLEANCALL_WRITES_APP_CONTEXT = 0x0200,
  DR_CLEANCALL_MULTIPATH = 0x0400
} dr_cleancall_save_t;

void dr_save_reg(void* drcontext, instrlist_t* ilist, instr_t* where, reg_id_t reg,
                 dr_spill_slot_t slot);
void dr_restore_reg(void* drcontext, instrlist_t* ilist, instr_t* where, reg_id_t reg,
                    dr_spill_slot_t slot);
/* The last slot that dr_reg_spill_slot_opnd() can name. */
dr_spill_slot_t dr_max_opnd_accessible_spill_slot(void);
opnd_t dr_reg_spill_slot_opnd(void* drcontext, dr_spill_slot_t slot);
/* From a clean call: the slot's value, of this thread. */
reg_t dr_read_saved_reg(void* drcontext, dr_spill_slot_t slot);
void dr_write_saved_reg(void* drcontext, dr_spill_slot_t slot, reg_t value);
void dr_save_arith_flags(void* drcontext, instrlist_t* ilist, instr_t* where, dr_spill_slot_t slot);
void dr_restore_arith_flags(void* drcontext, instrlist_t* ilist, instr_t* where,
                            dr_spill_slot_t slot);
/* The arithmetic flags to ax: lahf and seto. */
void dr_save_arith_flags_to_xax(void* drcontext, instrlist_t* ilist, instr_t* where);
void dr_restore_arith_flags_from_xax(void* drcontext, instrlist_t* ilist, instr_t* where);
void dr_save_arith_flags_to_reg(void* drcontext, instrlist_t* ilist, instr_t* where, reg_id_t reg);
void dr_restore_arith_flags_from_reg(void* drcontext, instrlist_t* ilist, instr_t* where,
                                     reg_id_t reg);
/* cur_xflags with the arithmetic flags that saved_xflag holds as dr_save_arith_flags_to_xax()
 * leaves them. */
reg_t dr_merge_arith_flags(reg_t cur_xflags, reg_t saved_xflag);
void dr_insert_read_tls_field(void* drcontext, instrlist_t* ilist, instr_t* where, reg_id_t reg);
void dr_insert_write_tls_field(void* drcontext, instrlist_t* ilist, instr_t* where, reg_id_t reg);

/* As instrlist_preinsert() and its like, and mark instr as the client's; "fault": it may fault, and
 * faults are reported at its translation. */
void instrlist_meta_preinsert(instrlist_t* ilist, instr_t* where, instr_t* instr);
void instrlist_meta_postinsert(instrlist_t* ilist, instr_t* where, instr_t* instr);
void instrlist_meta_append(instrlist_t* ilist, instr_t* instr);
void instrlist_meta_fault_preinsert(instrlist_t* ilist, instr_t* where, instr_t* instr);
void instrlist_meta_fault_postinsert(instrlist_t* ilist, instr_t* where, instr_t* instr);
void instrlist_meta_fault_append(instrlist_t* ilist, instr_t* instr);

/* Calls of client functions, with operands as arguments. */
void dr_insert_clean_call(void* drcontext, instrlist_t* ilist, instr_t* where, void* callee,
                          bool save_fpstate, uint num_args, ...);
void dr_insert_clean_call_ex(void* drcontext, instrlist_t* ilist, instr_t* where, void* callee,
                             dr_cleancall_save_t save_flags, uint num_args, ...);
void dr_insert_call(void* drcontext, instrlist_t* ilist, instr_t* where, void* callee,
                    uint num_args, ...);
bool dr_insert_call_ex(void* drcontext, instrlist_t* ilist, instr_t* where, byte* encode_pc,
                       void* callee, uint num_args, ...);
uint dr_prepare_for_call(void* drcontext, instrlist_t* ilist, instr_t* instr);
void dr_cleanup_after_call(void* drcontext, instrlist_t* ilist, instr_t* where,
                           uint sizeof_param_area);
void dr_swap_to_clean_stack(void* drcontext, instrlist_t* ilist, instr_t* where);
void dr_restore_app_stack(void* drcontext, instrlist_t* ilist, instr_t* where);
void* dr_call_on_clean_stack(void* drcontext, void* (*func)(void), void* arg1, void* arg2,
                             void* arg3, void* arg4, void* arg5, void* arg6, void* arg7,
                             void* arg8);
void dr_insert_call_instrumentation(void* drcontext, instrlist_t* ilist, instr_t* instr,
                                    void* callee);
void dr_insert_mbr_instrumentation(void* drcontext, instrlist_t* ilist, instr_t* instr,
                                   void* callee, dr_spill_slot_t scratch_slot);
void dr_insert_cbr_instrumentation(void* drcontext, instrlist_t* ilist, instr_t* instr,
                                   void* callee);
void dr_insert_cbr_instrumentation_ex(void* drcontext, instrlist_t* ilist, instr_t* instr,
                                      void* callee, opnd_t user_data);
void dr_insert_ubr_instrumentation(void* drcontext, instrlist_t* ilist, instr_t* instr,
                                   void* callee);
bool dr_clobber_retaddr_after_read(void* drcontext, instrlist_t* ilist, instr_t* instr,
                                   ptr_uint_t value);

/* The program's registers, from events and clean calls. */
bool dr_mcontext_xmm_fields_valid(void);
bool dr_mcontext_zmm_fields_valid(void);
bool dr_get_mcontext(void* drcontext, dr_mcontext_t* context);
bool dr_set_mcontext(void* drcontext, dr_mcontext_t* context);
bool dr_redirect_execution(dr_mcontext_t* context);
byte* dr_redirect_native_target(void* drcontext);

/* Constants and addresses of instructions, to a register or memory, or pushed; *first and *last are
 * the instructions that were put in (either pointer may be NULL). */
void instrlist_insert_mov_immed_ptrsz(void* drcontext, ptr_int_t val, opnd_t dst,
                                      instrlist_t* ilist, instr_t* where, instr_t** first,
                                      instr_t** last);
void instrlist_insert_push_immed_ptrsz(void* drcontext, ptr_int_t val, instrlist_t* ilist,
                                       instr_t* where, instr_t** first, instr_t** last);
void instrlist_insert_mov_instr_addr(void* drcontext, instr_t* src_inst, byte* encode_estimate,
                                     opnd_t dst, instrlist_t* ilist, instr_t* where,
                                     instr_t** first, instr_t** last);
void instrlist_insert_push_instr_addr(void* drcontext, instr_t* src_inst, byte* encode_estimate,
                                      instrlist_t* ilist, instr_t* where, instr_t** first,
                                      instr_t** last);

reg_id_t dr_get_stolen_reg(void);
bool dr_insert_get_stolen_reg_value(void* drcontext, instrlist_t* ilist, instr_t* instr,
                                    reg_id_t reg);
bool dr_insert_set_stolen_reg_value(void* drcontext, instrlist_t* ilist, instr_t* instr,
                                    reg_id_t reg);
bool dr_insert_get_app_tls(void* drcontext, instrlist_t* ilist, instr_t* instr, reg_id_t tls_reg,
                           reg_id_t reg);
void dr_insert_save_fpstate(void* drcontext, instrlist_t* ilist, instr_t* where, opnd_t buf);
void dr_insert_restore_fpstate(void* drcontext, instrlist_t* ilist, instr_t* where, opnd_t buf);
bool dr_insert_get_seg_base(void* drcontext, instrlist_t* ilist, instr_t* instr, reg_id_t seg,
                            reg_id_t reg);

#ifdef __cplusplus
}
#endif
#endif
