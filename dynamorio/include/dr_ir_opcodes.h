/* OP_*: what instr_get_opcode() returns. */
#ifndef DR_IR_OPCODES_H
#define DR_IR_OPCODES_H
#include "dr_ir_opcodes_x86.h"
#endif
