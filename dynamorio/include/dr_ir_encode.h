/* From instructions to bytes. */
#ifndef DR_IR_ENCODE_H
#define DR_IR_ENCODE_H

#include "dr_ir_instrlist.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The mode that code is decoded and encoded in: DR_ISA_AMD64, which other modes cannot replace. */
bool dr_set_isa_mode(void* drcontext, dr_isa_mode_t new_mode, dr_isa_mode_t* old_mode);
dr_isa_mode_t dr_get_isa_mode(void* drcontext);

bool instr_is_encoding_possible(instr_t* instr);
/* Writes instr at pc, as it must be to run there; returns the address behind it, NULL if it has no
 * encoding. Operands that name other instructions take their places from instr_get_offset(), as
 * instrlist_encode() sets it. */
byte* instr_encode(void* drcontext, instr_t* instr, byte* pc);
/* Writes at copy_pc what is to run at final_pc. */
byte* instr_encode_to_copy(void* drcontext, instr_t* instr, byte* copy_pc, byte* final_pc);
byte* instrlist_encode(void* drcontext, instrlist_t* ilist, byte* pc, bool has_instr_jmp_targets);
/* Stops with NULL before it would write at or behind max_pc, unless that is NULL. */
byte* instrlist_encode_to_copy(void* drcontext, instrlist_t* ilist, byte* copy_pc, byte* final_pc,
                               byte* max_pc, bool has_instr_jmp_targets);

#ifdef __cplusplus
}
#endif
#endif
