/* Instructions with operands, from their opcode: the general form of the macros. Included by
 * dr_ir_instr.h. */
#ifndef DR_IR_INSTR_CREATE_H
#define DR_IR_INSTR_CREATE_H

#include "dr_ir_opnd.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Making instructions from operands: N destinations, M sources. */
instr_t* instr_create_0dst_0src(void* drcontext, int opcode);
instr_t* instr_create_0dst_1src(void* drcontext, int opcode, opnd_t src);
instr_t* instr_create_0dst_2src(void* drcontext, int opcode, opnd_t src1, opnd_t src2);
instr_t* instr_create_0dst_3src(void* drcontext, int opcode, opnd_t src1, opnd_t src2, opnd_t src3);
instr_t* instr_create_0dst_4src(void* drcontext, int opcode, opnd_t src1, opnd_t src2, opnd_t src3,
                                opnd_t src4);
instr_t* instr_create_1dst_0src(void* drcontext, int opcode, opnd_t dst);
instr_t* instr_create_1dst_1src(void* drcontext, int opcode, opnd_t dst, opnd_t src);
instr_t* instr_create_1dst_2src(void* drcontext, int opcode, opnd_t dst, opnd_t src1, opnd_t src2);
instr_t* instr_create_1dst_3src(void* drcontext, int opcode, opnd_t dst, opnd_t src1, opnd_t src2,
                                opnd_t src3);
instr_t* instr_create_1dst_4src(void* drcontext, int opcode, opnd_t dst, opnd_t src1, opnd_t src2,
                                opnd_t src3, opnd_t src4);
instr_t* instr_create_1dst_5src(void* drcontext, int opcode, opnd_t dst, opnd_t src1, opnd_t src2,
                                opnd_t src3, opnd_t src4, opnd_t src5);
instr_t* instr_create_1dst_6src(void* drcontext, int opcode, opnd_t dst, opnd_t src1, opnd_t src2,
                                opnd_t src3, opnd_t src4, opnd_t src5, opnd_t src6);
instr_t* instr_create_2dst_0src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2);
instr_t* instr_create_2dst_1src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t src);
instr_t* instr_create_2dst_2src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t src1,
                                opnd_t src2);
instr_t* instr_create_2dst_3src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t src1,
                                opnd_t src2, opnd_t src3);
instr_t* instr_create_2dst_4src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t src1,
                                opnd_t src2, opnd_t src3, opnd_t src4);
instr_t* instr_create_2dst_5src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t src1,
                                opnd_t src2, opnd_t src3, opnd_t src4, opnd_t src5);
instr_t* instr_create_3dst_0src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3);
instr_t* instr_create_3dst_1src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t src);
instr_t* instr_create_3dst_2src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t src1, opnd_t src2);
instr_t* instr_create_3dst_3src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t src1, opnd_t src2, opnd_t src3);
instr_t* instr_create_3dst_4src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4);
instr_t* instr_create_3dst_5src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4, opnd_t src5);
instr_t* instr_create_3dst_6src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4, opnd_t src5,
                                opnd_t src6);
instr_t* instr_create_4dst_1src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src);
instr_t* instr_create_4dst_2src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src1, opnd_t src2);
instr_t* instr_create_4dst_3src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src1, opnd_t src2, opnd_t src3);
instr_t* instr_create_4dst_4src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4);
instr_t* instr_create_4dst_5src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4,
                                opnd_t src5);
instr_t* instr_create_4dst_6src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4,
                                opnd_t src5, opnd_t src6);
instr_t* instr_create_4dst_7src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t src1, opnd_t src2, opnd_t src3, opnd_t src4,
                                opnd_t src5, opnd_t src6, opnd_t src7);
instr_t* instr_create_5dst_3src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t dst5, opnd_t src1, opnd_t src2, opnd_t src3);
instr_t* instr_create_5dst_4src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t dst5, opnd_t src1, opnd_t src2, opnd_t src3,
                                opnd_t src4);
instr_t* instr_create_5dst_5src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t dst5, opnd_t src1, opnd_t src2, opnd_t src3,
                                opnd_t src4, opnd_t src5);
instr_t* instr_create_5dst_8src(void* drcontext, int opcode, opnd_t dst1, opnd_t dst2, opnd_t dst3,
                                opnd_t dst4, opnd_t dst5, opnd_t src1, opnd_t src2, opnd_t src3,
                                opnd_t src4, opnd_t src5, opnd_t src6, opnd_t src7, opnd_t src8);
/* A list of operands of variable length behind the fixed ones, from position var_ord on. */
instr_t* instr_create_Ndst_Msrc_varsrc(void* drcontext, int opcode, uint fixed_dsts,
                                       uint fixed_srcs, uint var_srcs, uint var_ord, ...);
instr_t* instr_create_Ndst_Msrc_vardst(void* drcontext, int opcode, uint fixed_dsts,
                                       uint fixed_srcs, uint var_dsts, uint var_ord, ...);

#ifdef __cplusplus
}
#endif

#endif
