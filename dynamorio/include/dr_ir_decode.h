/* From bytes to instructions. Bytes are read where they are: the caller knows that they are
 * readable. */
#ifndef DR_IR_DECODE_H
#define DR_IR_DECODE_H

#include "dr_ir_encode.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Decodes the instruction at pc into instr, which was initialised or reset; returns the address
 * behind it, or NULL and an invalid instr. */
byte* decode(void* drcontext, byte* pc, instr_t* instr);
/* Decodes at copy_pc what is a copy of orig_pc: addresses relative to the instruction mean
 * orig_pc's. */
byte* decode_from_copy(void* drcontext, byte* copy_pc, byte* orig_pc, instr_t* instr);
/* Decodes control transfers; others keep only their raw bits and decode on demand. */
byte* decode_cti(void* drcontext, byte* pc, instr_t* instr);
/* Opcode and raw bits, not operands. */
byte* decode_opcode(void* drcontext, byte* pc, instr_t* instr);
byte* decode_next_pc(void* drcontext, byte* pc);
/* The length; the number of prefixes; where a rip-relative displacement stands, or 0. Out
 * parameters may be NULL. */
int decode_sizeof(void* drcontext, byte* pc, int* num_prefixes, uint* rip_rel_pos);
int decode_sizeof_ex(void* drcontext, byte* pc, int* num_prefixes, uint* rip_rel_pos);
byte* decode_eflags_usage(void* drcontext, byte* pc, uint* usage, dr_opnd_query_flags_t flags);
/* The number of bytes that the instruction reads or writes; returns the address behind it, NULL if
 * none. */
app_pc decode_memory_reference_size(void* drcontext, app_pc pc, uint* size_in_bytes);
const char* decode_opcode_name(int opcode);
byte decode_first_opcode_byte(int opcode);
/* A block as the program has it: up to the first control transfer. The caller destroys it. */
instrlist_t* decode_as_bb(void* drcontext, byte* start_pc);
/* The program's instructions of the trace of tag, NULL if there is none. */
instrlist_t* decode_trace(void* drcontext, void* tag);
bool set_x86_mode(void* drcontext, bool x86);
bool get_x86_mode(void* drcontext);
app_pc dr_app_pc_as_jump_target(dr_isa_mode_t isa_mode, app_pc pc);
app_pc dr_app_pc_as_load_target(dr_isa_mode_t isa_mode, app_pc pc);

#ifdef __cplusplus
}
#endif
#endif
