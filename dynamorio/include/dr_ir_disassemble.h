/* From instructions to text. */
#ifndef DR_IR_DISASSEMBLE_H
#define DR_IR_DISASSEMBLE_H

#include "dr_ir_decode.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  DR_DISASM_DR = 0x0,    /* sources, an arrow, destinations; all that is implicit too */
  DR_DISASM_INTEL = 0x1, /* destination first */
  DR_DISASM_ATT = 0x2,   /* destination last */
  DR_DISASM_STRICT_INVALID = 0x4,
  DR_DISASM_NO_OPND_SIZE = 0x8,
  DR_DISASM_ARM = 0x10,
  DR_DISASM_RISCV = 0x20
} dr_disasm_flags_t;

/* For the whole process. */
void disassemble_set_syntax(dr_disasm_flags_t flags);

/* Print the instruction at pc and return the address behind it, NULL if it is none. */
byte* disassemble(void* drcontext, byte* pc, file_t outfile);
byte* disassemble_with_info(void* drcontext, byte* pc, file_t outfile, bool show_pc,
                            bool show_bytes);
byte* disassemble_from_copy(void* drcontext, byte* copy_pc, byte* orig_pc, file_t outfile,
                            bool show_pc, bool show_bytes);
/* The text ends with a 0 byte and is cut to bufsz; *printed is its length. */
byte* disassemble_to_buffer(void* drcontext, byte* pc, byte* orig_pc, bool show_pc, bool show_bytes,
                            char* buf, size_t bufsz, int* printed);
void instr_disassemble(void* drcontext, instr_t* instr, file_t outfile);
size_t instr_disassemble_to_buffer(void* drcontext, instr_t* instr, char* buf, size_t bufsz);
void opnd_disassemble(void* drcontext, opnd_t opnd, file_t outfile);
size_t opnd_disassemble_to_buffer(void* drcontext, opnd_t opnd, char* buf, size_t bufsz);
void instrlist_disassemble(void* drcontext, app_pc tag, instrlist_t* ilist, file_t outfile);

#ifdef __cplusplus
}
#endif
#endif
