/* Pieces that many clients need: addresses of memory operands, loops in place of repeated string
 * instructions. For the thread that builds the block. */
#ifndef DRUTIL_H
#define DRUTIL_H

#include "drmgr.h"

#ifdef __cplusplus
extern "C" {
#endif

bool drutil_init(void);
void drutil_exit(void);
bool drutil_insert_get_mem_addr(void* drcontext, instrlist_t* bb, instr_t* where, opnd_t memref,
                                reg_id_t dst, reg_id_t scratch);
bool drutil_insert_get_mem_addr_ex(void* drcontext, instrlist_t* bb, instr_t* where, opnd_t memref,
                                   reg_id_t dst, reg_id_t scratch, bool* scratch_used);
uint drutil_opnd_mem_size_in_bytes(opnd_t memref, instr_t* inst);
bool drutil_expand_rep_string(void* drcontext, instrlist_t* bb);
bool drutil_expand_rep_string_ex(void* drcontext, instrlist_t* bb, bool* expanded,
                                 instr_t** stringop);
bool drutil_instr_is_stringop_loop(instr_t* inst);

#ifdef __cplusplus
}
#endif

#endif
