/* Operands of instructions: registers, immediates, addresses. Values: opnd_t is copied
 * freely. All functions may be called from any thread, from clean calls too; they touch nothing but
 * their arguments. */
#ifndef DR_IR_OPND_H
#define DR_IR_OPND_H

#include "dr_ir_registers.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum _dr_shift_type_t {
  DR_SHIFT_LSL,
  DR_SHIFT_LSR,
  DR_SHIFT_ASR,
  DR_SHIFT_ROR,
  DR_SHIFT_MUL,
  DR_SHIFT_RRX,
  DR_SHIFT_NONE
} dr_shift_type_t;

/* Conditions. DR_PRED_COMPLEX: one that depends on more than the flags (rep string instructions,
 * bsf). */
typedef enum _dr_pred_type_t {
  DR_PRED_NONE,
  DR_PRED_O,
  DR_PRED_NO,
  DR_PRED_B,
  DR_PRED_NB,
  DR_PRED_Z,
  DR_PRED_NZ,
  DR_PRED_BE,
  DR_PRED_NBE,
  DR_PRED_S,
  DR_PRED_NS,
  DR_PRED_P,
  DR_PRED_NP,
  DR_PRED_L,
  DR_PRED_NL,
  DR_PRED_LE,
  DR_PRED_NLE,
  DR_PRED_COMPLEX,
  DR_PRED_EQ = DR_PRED_Z,
  DR_PRED_NE = DR_PRED_NZ,
  DR_PRED_LT = DR_PRED_L,
  DR_PRED_GT = DR_PRED_NLE,
  DR_PRED_GE = DR_PRED_NL
} dr_pred_type_t;

typedef enum _dr_opnd_flags_t {
  DR_OPND_DEFAULT = 0x00,
  DR_OPND_NEGATED = 0x01,
  DR_OPND_SHIFTED = 0x02,
  DR_OPND_MULTI_PART = 0x04,
  DR_OPND_IS_SHIFT = 0x08,
  DR_OPND_IN_LIST = 0x10,
  DR_OPND_EXTENDED = 0x20,
  DR_OPND_IS_EXTEND = 0x40,
  DR_OPND_IS_CONDITION = 0x80,
  DR_OPND_IS_VECTOR = 0x100,
  DR_OPND_IS_MERGE_PREDICATE = 0x200,
  DR_OPND_IS_ZERO_PREDICATE = 0x400,
  DR_OPND_IS_PREDICATE_CONSTRAINT = 0x800,
  DR_OPND_IMM_PRINT_DECIMAL = 0x1000,
  DR_OPND_IMPLICIT = 0x2000,
  DR_OPND_IS_GOVERNING = 0x4000
} dr_opnd_flags_t;

/* Opaque to clients: use the functions. `size` of a register is OPSZ_NA unless only a part of it is
 * used. */
struct _opnd_t {
  byte kind;
  opnd_size_t size;
  ushort flags;
  union {
    reg_id_t segment; /* of an address, or DR_REG_NULL */
    ushort selector;  /* of a far pc or instr */
    ushort shift;     /* of an instr */
    short instr_disp; /* of a mem_instr */
  } aux;
  byte scale;
  byte disp_form; /* DR_DISP_*: how the displacement asks to be encoded */
  union {
    ptr_int_t immed_int;
    float immed_float;
    double immed_double;
    app_pc pc;
    instr_t* instr;
    void* addr;
    reg_id_t reg;
    struct {
      int disp;
      reg_id_t base;
      reg_id_t index;
    } mem;
  } value;
};

/* Making operands. A size is OPSZ_*; a scale is 0 (no index), 1, 2, 4 or 8. */
opnd_t opnd_create_null(void);
opnd_t opnd_create_reg(reg_id_t reg);
opnd_t opnd_create_reg_partial(reg_id_t reg, opnd_size_t size);
opnd_t opnd_create_reg_ex(reg_id_t reg, opnd_size_t size, dr_opnd_flags_t flags);
opnd_t opnd_create_immed_int(ptr_int_t value, opnd_size_t size);
opnd_t opnd_create_immed_uint(ptr_uint_t value, opnd_size_t size);
opnd_t opnd_create_immed_int64(int64 value, opnd_size_t size);
opnd_t opnd_invert_immed_int(opnd_t opnd);
opnd_t opnd_create_immed_float(float value);
opnd_t opnd_create_immed_double(double value);
opnd_t opnd_create_pc(app_pc pc);
opnd_t opnd_create_far_pc(ushort selector, app_pc pc);
opnd_t opnd_create_instr(instr_t* instr);
/* The low `size` of instr's address, shifted right by `shift` bits. */
opnd_t opnd_create_instr_ex(instr_t* instr, opnd_size_t size, ushort shift);
opnd_t opnd_create_far_instr(ushort selector, instr_t* instr);
/* Memory at instr's encoded place plus disp. */
opnd_t opnd_create_mem_instr(instr_t* instr, short disp, opnd_size_t size);
opnd_t opnd_create_base_disp(reg_id_t base, reg_id_t index, int scale, int disp, opnd_size_t size);
opnd_t opnd_create_base_disp_ex(reg_id_t base, reg_id_t index, int scale, int disp,
                                opnd_size_t size, bool encode_zero_disp, bool force_full_disp,
                                bool disp_short_addr);
opnd_t opnd_create_far_base_disp(reg_id_t segment, reg_id_t base, reg_id_t index, int scale,
                                 int disp, opnd_size_t size);
opnd_t opnd_create_far_base_disp_ex(reg_id_t segment, reg_id_t base, reg_id_t index, int scale,
                                    int disp, opnd_size_t size, bool encode_zero_disp,
                                    bool force_full_disp, bool disp_short_addr);
/* An absolute address. Below 2 GB, or in the top 2 GB, it becomes a base_disp without registers. */
opnd_t opnd_create_abs_addr(void* addr, opnd_size_t size);
opnd_t opnd_create_far_abs_addr(reg_id_t segment, void* addr, opnd_size_t size);
/* An address that is encoded relative to the instruction: the target must be within 2 GB of it. */
opnd_t opnd_create_rel_addr(void* addr, opnd_size_t size);
opnd_t opnd_create_far_rel_addr(reg_id_t segment, void* addr, opnd_size_t size);
opnd_t opnd_create_increment_reg(opnd_t opnd, uint increment);

bool opnd_is_null(opnd_t opnd);
bool opnd_is_reg(opnd_t opnd);
bool opnd_is_reg_partial(opnd_t opnd);
bool opnd_is_immed(opnd_t opnd);
bool opnd_is_immed_int(opnd_t opnd);
bool opnd_is_immed_int64(opnd_t opnd);
bool opnd_is_immed_float(opnd_t opnd);
bool opnd_is_immed_double(opnd_t opnd);
bool opnd_is_pc(opnd_t opnd);
bool opnd_is_near_pc(opnd_t opnd);
bool opnd_is_far_pc(opnd_t opnd);
bool opnd_is_instr(opnd_t opnd);
bool opnd_is_near_instr(opnd_t opnd);
bool opnd_is_far_instr(opnd_t opnd);
bool opnd_is_mem_instr(opnd_t opnd);
bool opnd_is_base_disp(opnd_t opnd);
bool opnd_is_near_base_disp(opnd_t opnd);
bool opnd_is_far_base_disp(opnd_t opnd);
bool opnd_is_vsib(opnd_t opnd);
bool opnd_is_abs_addr(opnd_t opnd);
bool opnd_is_near_abs_addr(opnd_t opnd);
bool opnd_is_far_abs_addr(opnd_t opnd);
bool opnd_is_rel_addr(opnd_t opnd);
bool opnd_is_near_rel_addr(opnd_t opnd);
bool opnd_is_far_rel_addr(opnd_t opnd);
bool opnd_is_memory_reference(opnd_t opnd);
bool opnd_is_far_memory_reference(opnd_t opnd);
bool opnd_is_near_memory_reference(opnd_t opnd);
bool opnd_is_reg_32bit(opnd_t opnd);
bool opnd_is_reg_64bit(opnd_t opnd);
bool opnd_is_reg_pointer_sized(opnd_t opnd);
bool opnd_is_element_vector_reg(opnd_t opnd);
bool opnd_is_predicate_reg(opnd_t opnd);
bool opnd_is_predicate_merge(opnd_t opnd);
bool opnd_is_predicate_zero(opnd_t opnd);
bool opnd_is_governing(opnd_t opnd);
bool opnd_is_vector_base_disp(opnd_t opnd);

opnd_size_t opnd_get_size(opnd_t opnd);
void opnd_set_size(opnd_t* opnd, opnd_size_t size);
opnd_size_t opnd_get_vector_element_size(opnd_t opnd);
reg_id_t opnd_get_reg(opnd_t opnd);
dr_opnd_flags_t opnd_get_flags(opnd_t opnd);
void opnd_set_flags(opnd_t* opnd, dr_opnd_flags_t flags);
opnd_t opnd_add_flags(opnd_t opnd, dr_opnd_flags_t flags);
ptr_int_t opnd_get_immed_int(opnd_t opnd);
int64 opnd_get_immed_int64(opnd_t opnd);
float opnd_get_immed_float(opnd_t opnd);
double opnd_get_immed_double(opnd_t opnd);
app_pc opnd_get_pc(opnd_t opnd);
ushort opnd_get_segment_selector(opnd_t opnd);
instr_t* opnd_get_instr(opnd_t opnd);
ushort opnd_get_shift(opnd_t opnd);
short opnd_get_mem_instr_disp(opnd_t opnd);
reg_id_t opnd_get_base(opnd_t opnd);
int opnd_get_disp(opnd_t opnd);
bool opnd_is_disp_encode_zero(opnd_t opnd);
bool opnd_is_disp_force_full(opnd_t opnd);
bool opnd_is_disp_short_addr(opnd_t opnd);
void opnd_set_disp(opnd_t* opnd, int disp);
void opnd_set_disp_ex(opnd_t* opnd, int disp, bool encode_zero_disp, bool force_full_disp,
                      bool disp_short_addr);
reg_id_t opnd_get_index(opnd_t opnd);
int opnd_get_scale(opnd_t opnd);
reg_id_t opnd_get_segment(opnd_t opnd);
/* The address of an abs_addr, a rel_addr or a base_disp without registers. */
void* opnd_get_addr(opnd_t opnd);
/* The registers that an operand names, segments of addresses included: index from 0. */
int opnd_num_regs_used(opnd_t opnd);
reg_id_t opnd_get_reg_used(opnd_t opnd, int index);
bool opnd_uses_reg(opnd_t opnd, reg_id_t reg);
bool opnd_replace_reg(opnd_t* opnd, reg_id_t old_reg, reg_id_t new_reg);
/* As above, and parts of old_reg become the parts of new_reg of the same size. */
bool opnd_replace_reg_resize(opnd_t* opnd, reg_id_t old_reg, reg_id_t new_reg);
bool opnd_same(opnd_t one, opnd_t other);
bool opnd_same_address(opnd_t one, opnd_t other);
bool opnd_share_reg(opnd_t one, opnd_t other);
bool opnd_defines_use(opnd_t def, opnd_t use);
uint opnd_size_in_bytes(opnd_size_t size);
uint opnd_size_in_bits(opnd_size_t size);
opnd_size_t opnd_size_from_bytes(uint bytes);
opnd_t opnd_shrink_to_16_bits(opnd_t opnd);
opnd_t opnd_shrink_to_32_bits(opnd_t opnd);
/* The address that a memory reference stands for, with registers as in mc (DR_MC_INTEGER and
 * DR_MC_CONTROL; fs and gs are the program's). NULL for VSIB: see instr_compute_address_ex(). */
app_pc opnd_compute_address(opnd_t opnd, dr_mcontext_t* mc);

const char* get_register_name(reg_id_t reg);
reg_id_t reg_32_to_16(reg_id_t reg);
reg_id_t reg_32_to_8(reg_id_t reg);
reg_id_t reg_32_to_64(reg_id_t reg);
reg_id_t reg_64_to_32(reg_id_t reg);
bool reg_is_extended(reg_id_t reg);
bool reg_is_avx512_extended(reg_id_t reg);
bool reg_is_avx512(reg_id_t reg);
reg_id_t reg_32_to_opsz(reg_id_t reg, opnd_size_t size);
/* The register of `size` that reg is or overlaps, or DR_REG_NULL. */
reg_id_t reg_resize_to_opsz(reg_id_t reg, opnd_size_t size);
/* Which integer parameter of a function reg holds, from 0, or -1. */
int reg_parameter_num(reg_id_t reg);
bool reg_is_gpr(reg_id_t reg);
bool reg_is_segment(reg_id_t reg);
bool reg_is_simd(reg_id_t reg);
bool reg_is_vector_simd(reg_id_t reg);
bool reg_is_xmm(reg_id_t reg); /* xmm, ymm or zmm */
bool reg_is_strictly_xmm(reg_id_t reg);
bool reg_is_ymm(reg_id_t reg);
bool reg_is_strictly_ymm(reg_id_t reg);
bool reg_is_strictly_zmm(reg_id_t reg);
bool reg_is_opmask(reg_id_t reg);
bool reg_is_bnd(reg_id_t reg);
bool reg_is_mmx(reg_id_t reg);
bool reg_is_fp(reg_id_t reg);
bool reg_is_z(reg_id_t reg);
bool reg_is_32bit(reg_id_t reg);
bool reg_is_64bit(reg_id_t reg);
bool reg_is_pointer_sized(reg_id_t reg);
reg_id_t reg_to_pointer_sized(reg_id_t reg);
bool reg_is_stolen(reg_id_t reg);
/* Whether writing one changes the other. al and ah do not overlap. */
bool reg_overlap(reg_id_t one, reg_id_t other);
/* The number that encodes reg: 0 to 7 without, 8 to 15 with a REX bit. */
byte reg_get_bits(reg_id_t reg);
opnd_size_t reg_get_size(reg_id_t reg);
/* Reads and writes a register of a dr_mcontext_t; the _ex forms take vector and mask registers too.
 */
reg_t reg_get_value(reg_id_t reg, dr_mcontext_t* mc);
bool reg_get_value_ex(reg_id_t reg, dr_mcontext_t* mc, byte* value);
void reg_set_value(reg_id_t reg, dr_mcontext_t* mc, reg_t value);
bool reg_set_value_ex(reg_id_t reg, dr_mcontext_t* mc, byte* value);

#ifdef __cplusplus
}
#endif
#endif
