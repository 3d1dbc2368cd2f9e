/* Instructions. An instr_t belongs to whoever made it until it is put into a list; the list's owner
 * frees it then. Functions may be called from any thread; one instr_t is used by one thread at a
 * time. */
#ifndef DR_IR_INSTR_H
#define DR_IR_INSTR_H

#include "dr_ir_eflags.h"
#include "dr_ir_opnd.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MAX_INSTR_LENGTH 17
#define MAX_SRC_OPNDS 8
#define MAX_DST_OPNDS 8

/* instr_set_prefix_flag() */
#define PREFIX_LOCK 0x01
#define PREFIX_JCC_NOT_TAKEN 0x02
#define PREFIX_JCC_TAKEN 0x04
#define PREFIX_XACQUIRE 0x08
#define PREFIX_XRELEASE 0x10

typedef enum _dr_encoding_hint_type_t {
  DR_ENCODING_HINT_NONE = 0x0,
  DR_ENCODING_HINT_X86_EVEX = 0x1 /* encode with EVEX where VEX would do */
} dr_encoding_hint_type_t;

typedef enum _dr_isa_mode_t {
  DR_ISA_IA32,
  DR_ISA_X86 = DR_ISA_IA32,
  DR_ISA_AMD64,
  DR_ISA_ARM_A32,
  DR_ISA_ARM_THUMB,
  DR_ISA_ARM_A64,
  DR_ISA_RV64,
  DR_ISA_REGDEPS
} dr_isa_mode_t;
#define DR_ISA_RV64IMAFDC DR_ISA_RV64

/* What a label carries for its maker. */
typedef struct _dr_instr_label_data_t {
  ptr_uint_t data[4];
} dr_instr_label_data_t;

/* Called when a label is freed. */
typedef void (*instr_label_callback_t)(void* drcontext, instr_t* instr);

/* Whether operands count that an instruction reads or writes only if its predicate holds. */
typedef enum _dr_opnd_query_flags_t {
  DR_QUERY_INCLUDE_COND_DSTS = 0x01,
  DR_QUERY_INCLUDE_COND_SRCS = 0x02,
  DR_QUERY_DEFAULT = DR_QUERY_INCLUDE_COND_SRCS,
  DR_QUERY_INCLUDE_ALL = (DR_QUERY_INCLUDE_COND_DSTS | DR_QUERY_INCLUDE_COND_SRCS)
} dr_opnd_query_flags_t;

typedef enum _dr_pred_trigger_t {
  DR_PRED_TRIGGER_NOPRED,
  DR_PRED_TRIGGER_MATCH,
  DR_PRED_TRIGGER_MISMATCH,
  DR_PRED_TRIGGER_UNKNOWN,
  DR_PRED_TRIGGER_INVALID
} dr_pred_trigger_t;

typedef enum {
  DR_INSTR_CATEGORY_UNCATEGORIZED = 0x0,
  DR_INSTR_CATEGORY_FP = 0x1,
  DR_INSTR_CATEGORY_LOAD = 0x2,
  DR_INSTR_CATEGORY_STORE = 0x4,
  DR_INSTR_CATEGORY_BRANCH = 0x8,
  DR_INSTR_CATEGORY_SIMD = 0x10,
  DR_INSTR_CATEGORY_STATE = 0x20,
  DR_INSTR_CATEGORY_MOVE = 0x40,
  DR_INSTR_CATEGORY_CONVERT = 0x80,
  DR_INSTR_CATEGORY_MATH = 0x100,
  DR_INSTR_CATEGORY_OTHER = 0x200
} dr_instr_category_t;

typedef enum { DR_FP_STATE, DR_FP_MOVE, DR_FP_CONVERT, DR_FP_MATH } dr_fp_type_t;

#define DR_INSTR_INLINE_OPNDS_ 8

/* Opaque to clients: use the functions. Operands are `few` or, when there are more, `many`:
 * destinations first, sources behind them. */
struct _instr_t {
  uint flags;
  uint opcode;
  uint prefixes;
  uint eflags;
  uint category;
  uint length; /* of bytes; of the last encoding when there are none */
  byte num_dsts;
  byte num_srcs;
  byte capacity;
  byte isa_mode;
  byte predicate;
  byte encoding_hints;
  byte rip_rel_pos;
  byte num_prefixes;
  byte* bytes;
  app_pc translation;
  void* note;
  instr_t* prev;
  instr_t* next;
  size_t offset;
  instr_label_callback_t label_callback;
  opnd_t* many;
  union {
    opnd_t few[DR_INSTR_INLINE_OPNDS_];
    dr_instr_label_data_t label_data;
  };
};

/* An instruction that never allocates: for signal handlers and the stack. */
typedef struct instr_noalloc_t {
  instr_t instr;
  opnd_t opnds[MAX_SRC_OPNDS + MAX_DST_OPNDS];
  byte encode_buf[MAX_INSTR_LENGTH];
} instr_noalloc_t;

/* --- Life. instr_create() allocates, instr_destroy() frees; instr_init() and instr_free() do the
 * same for an instr_t of the caller's; instr_reset() is free and init, instr_reuse() keeps
 * allocated bits. */
instr_t* instr_create(void* drcontext);
void instr_init(void* drcontext, instr_t* instr);
void instr_noalloc_init(void* drcontext, instr_noalloc_t* instr);
instr_t* instr_from_noalloc(instr_noalloc_t* noalloc);
void instr_free(void* drcontext, instr_t* instr);
void instr_reset(void* drcontext, instr_t* instr);
void instr_reuse(void* drcontext, instr_t* instr);
void instr_destroy(void* drcontext, instr_t* instr);
instr_t* instr_clone(void* drcontext, instr_t* orig);
instr_t* instr_build(void* drcontext, int opcode, int num_dsts, int num_srcs);
instr_t* instr_build_bits(void* drcontext, int opcode, uint num_bytes);
int instr_mem_usage(instr_t* instr);

/* --- Place in a list, note, offset in the last encoding of the list. */
instr_t* instr_get_next(instr_t* instr);
instr_t* instr_get_next_app(instr_t* instr);
instr_t* instr_get_prev(instr_t* instr);
instr_t* instr_get_prev_app(instr_t* instr);
void instr_set_next(instr_t* instr, instr_t* next);
void instr_set_prev(instr_t* instr, instr_t* prev);
void* instr_get_note(instr_t* instr);
void instr_set_note(instr_t* instr, void* value);
size_t instr_get_offset(instr_t* instr);

/* --- Whose it is. App: the program's, to be mangled. Meta: the client's, run as it is. */
bool instr_is_app(instr_t* instr);
void instr_set_app(instr_t* instr);
bool instr_is_meta(instr_t* instr);
void instr_set_meta(instr_t* instr);
bool instr_ok_to_mangle(instr_t* instr);
void instr_set_ok_to_mangle(instr_t* instr, bool val);
void instr_set_meta_no_translation(instr_t* instr);
bool instr_ok_to_emit(instr_t* instr);
void instr_set_ok_to_emit(instr_t* instr, bool val);
bool instr_is_meta_may_fault(instr_t* instr);
void instr_set_meta_may_fault(instr_t* instr, bool val);
/* The program address that a fault in instr is reported at; for the program's own instructions,
 * where they are. NULL for the client's. */
app_pc instr_get_app_pc(instr_t* instr);
instr_t* instr_set_translation(instr_t* instr, app_pc addr);
app_pc instr_get_translation(instr_t* instr);

/* --- Opcode and operands. Reading them decodes raw bits when need be; changing them drops the
 * bits. */
bool instr_valid(instr_t* instr);
bool instr_opcode_valid(instr_t* instr);
bool instr_operands_valid(instr_t* instr);
void instr_set_operands_valid(instr_t* instr, bool valid);
int instr_get_opcode(instr_t* instr);
void instr_set_opcode(instr_t* instr, int opcode);
uint instr_get_category(instr_t* instr);
void instr_set_category(instr_t* instr, uint category);
int instr_num_srcs(instr_t* instr);
int instr_num_dsts(instr_t* instr);
void instr_set_num_opnds(void* drcontext, instr_t* instr, int num_dsts, int num_srcs);
opnd_t instr_get_src(instr_t* instr, uint pos);
opnd_t instr_get_dst(instr_t* instr, uint pos);
void instr_set_src(instr_t* instr, uint pos, opnd_t opnd);
void instr_set_dst(instr_t* instr, uint pos, opnd_t opnd);
/* Removes [start, end). */
void instr_remove_srcs(void* drcontext, instr_t* instr, uint start, uint end);
void instr_remove_dsts(void* drcontext, instr_t* instr, uint start, uint end);
opnd_t instr_get_target(instr_t* cti);
void instr_set_target(instr_t* cti, opnd_t target);
app_pc instr_get_branch_target_pc(instr_t* cti);
void instr_set_branch_target_pc(instr_t* cti, app_pc pc);
bool instr_is_opnd_store_source(instr_t* store, int source_ordinal);
bool instr_replace_src_opnd(instr_t* instr, opnd_t old_opnd, opnd_t new_opnd);
bool instr_replace_reg_resize(instr_t* instr, reg_id_t old_reg, reg_id_t new_reg);
bool instr_same(instr_t* one, instr_t* other);
instr_t* instr_set_prefix_flag(instr_t* instr, uint prefix);
bool instr_get_prefix_flag(instr_t* instr, uint prefix);
void instr_set_prefixes(instr_t* instr, uint prefixes);
uint instr_get_prefixes(instr_t* instr);
instr_t* instr_set_encoding_hint(instr_t* instr, dr_encoding_hint_type_t hint);
bool instr_has_encoding_hint(instr_t* instr, dr_encoding_hint_type_t hint);
void instr_shrink_to_16_bits(instr_t* instr);
void instr_shrink_to_32_bits(instr_t* instr);
opnd_size_t instr_get_operation_size(instr_t* instr);
void instr_set_operation_size(instr_t* instr, opnd_size_t size);
bool instr_set_isa_mode(instr_t* instr, dr_isa_mode_t mode);
dr_isa_mode_t instr_get_isa_mode(instr_t* instr);
void instr_set_x86_mode(instr_t* instr, bool x86);
bool instr_get_x86_mode(instr_t* instr);

/* --- Raw bits: the bytes that encode it. */
void instr_set_raw_bits(instr_t* instr, byte* addr, uint length);
void instr_set_raw_bits_valid(instr_t* instr, bool valid);
bool instr_raw_bits_valid(instr_t* instr);
bool instr_has_allocated_bits(instr_t* instr);
bool instr_needs_encoding(instr_t* instr);
void instr_allocate_raw_bits(void* drcontext, instr_t* instr, uint num_bytes);
void instr_make_persistent(void* drcontext, instr_t* instr);
byte* instr_get_raw_bits(instr_t* instr);
void instr_free_raw_bits(void* drcontext, instr_t* instr);
byte instr_get_raw_byte(instr_t* instr, uint pos);
void instr_set_raw_byte(instr_t* instr, uint pos, byte value);
void instr_set_raw_bytes(instr_t* instr, byte* start, uint num_bytes);
void instr_set_raw_word(instr_t* instr, uint pos, uint word);
uint instr_get_raw_word(instr_t* instr, uint pos);
/* Bytes that it takes, encoding it when need be; 0 for a label. */
int instr_length(void* drcontext, instr_t* instr);

/* --- Flags: EFLAGS_READ_* and EFLAGS_WRITE_*. */
uint instr_get_eflags(instr_t* instr, dr_opnd_query_flags_t flags);
uint instr_get_opcode_eflags(int opcode);
uint instr_get_arith_flags(instr_t* instr, dr_opnd_query_flags_t flags);

/* --- Conditions. */
bool instr_is_predicated(instr_t* instr);
dr_pred_type_t instr_get_predicate(instr_t* instr);
const char* instr_predicate_name(dr_pred_type_t pred);
dr_pred_type_t instr_invert_predicate(dr_pred_type_t pred);
bool instr_predicate_is_cond(dr_pred_type_t pred);
instr_t* instr_set_predicate(instr_t* instr, dr_pred_type_t pred);
dr_pred_trigger_t instr_predicate_triggered(instr_t* instr, dr_mcontext_t* mc);
bool instr_jcc_taken(instr_t* instr, reg_t eflags);
int instr_cmovcc_to_jcc(int cmovcc_opcode);
bool instr_cmovcc_triggered(instr_t* instr, reg_t eflags);
void instr_invert_cbr(instr_t* instr);
instr_t* instr_convert_short_meta_jmp_to_long(void* drcontext, instrlist_t* ilist, instr_t* instr);

/* --- Registers that it reads or writes; a register counts with all that overlap it unless "exact".
 */
bool instr_uses_reg(instr_t* instr, reg_id_t reg);
bool instr_uses_fp_reg(instr_t* instr);
bool instr_reg_in_src(instr_t* instr, reg_id_t reg);
bool instr_reg_in_dst(instr_t* instr, reg_id_t reg);
bool instr_writes_to_reg(instr_t* instr, reg_id_t reg, dr_opnd_query_flags_t flags);
bool instr_reads_from_reg(instr_t* instr, reg_id_t reg, dr_opnd_query_flags_t flags);
bool instr_writes_to_exact_reg(instr_t* instr, reg_id_t reg, dr_opnd_query_flags_t flags);
bool instr_reads_from_exact_reg(instr_t* instr, reg_id_t reg, dr_opnd_query_flags_t flags);

/* --- Memory. */
bool instr_reads_memory(instr_t* instr);
bool instr_writes_memory(instr_t* instr);
uint instr_memory_reference_size(instr_t* instr);
uint instr_num_memory_read_access(instr_t* instr);
uint instr_num_memory_write_access(instr_t* instr);
bool instr_has_rel_addr_reference(instr_t* instr);
bool instr_get_rel_addr_target(instr_t* instr, app_pc* target);
bool instr_get_rel_data_or_instr_target(instr_t* instr, app_pc* target);
int instr_get_rel_addr_dst_idx(instr_t* instr);
int instr_get_rel_addr_src_idx(instr_t* instr);
/* The address of the first memory operand, destinations first; _ex of the index-th, each element of
 * a gather or scatter counted. False when there are no more. */
app_pc instr_compute_address(instr_t* instr, dr_mcontext_t* mc);
bool instr_compute_address_ex(instr_t* instr, dr_mcontext_t* mc, uint index, app_pc* addr,
                              bool* write);
bool instr_compute_address_ex_pos(instr_t* instr, dr_mcontext_t* mc, uint index, app_pc* addr,
                                  bool* write, uint* pos);

/* --- Labels. */
dr_instr_label_data_t* instr_get_label_data_area(instr_t* instr);
void instr_set_label_callback(instr_t* instr, instr_label_callback_t func);
void instr_clear_label_callback(instr_t* instr);
instr_label_callback_t instr_get_label_callback(instr_t* instr);
bool instr_is_label(instr_t* instr);

/* --- Kinds. cti: any control transfer; cbr: conditional; ubr: direct jump; mbr: indirect or
 * return. */
bool instr_is_mov(instr_t* instr);
bool instr_is_call(instr_t* instr);
bool instr_is_call_direct(instr_t* instr);
bool instr_is_near_call_direct(instr_t* instr);
bool instr_is_call_indirect(instr_t* instr);
bool instr_is_return(instr_t* instr);
bool instr_is_cti(instr_t* instr);
bool instr_is_exit_cti(instr_t* instr);
bool instr_is_cti_short(instr_t* instr);
bool instr_is_cti_loop(instr_t* instr);
bool instr_is_cti_short_rewrite(instr_t* instr, byte* pc);
bool instr_is_cbr(instr_t* instr);
bool instr_is_mbr(instr_t* instr);
bool instr_is_ubr(instr_t* instr);
bool instr_is_near_ubr(instr_t* instr);
bool instr_is_jump_mem(instr_t* instr);
bool instr_is_far_cti(instr_t* instr);
bool instr_is_far_abs_cti(instr_t* instr);
bool instr_is_syscall(instr_t* instr);
bool instr_is_interrupt(instr_t* instr);
int instr_get_interrupt_number(instr_t* instr);
bool instr_is_nop(instr_t* instr);
bool instr_is_undefined(instr_t* instr);
bool instr_is_prefetch(instr_t* instr);
bool instr_is_mov_constant(instr_t* instr, ptr_int_t* value);
bool instr_is_mov_imm_to_tos(instr_t* instr);
bool instr_is_string_op(instr_t* instr);
bool instr_is_rep_string_op(instr_t* instr);
bool instr_is_floating(instr_t* instr);
bool instr_is_floating_ex(instr_t* instr, dr_fp_type_t* type);
bool instr_is_floating_type(instr_t* instr, dr_instr_category_t* type);
const char* instr_get_category_name(dr_instr_category_t category);
bool instr_is_gather(instr_t* instr);
bool instr_is_scatter(instr_t* instr);
bool instr_is_xsave(instr_t* instr);
bool instr_is_xrstor(instr_t* instr);
bool instr_zeroes_ymmh(instr_t* instr);
bool instr_zeroes_zmmh(instr_t* instr);
bool instr_is_mmx(instr_t* instr);
bool instr_is_opmask(instr_t* instr);
bool instr_is_sse(instr_t* instr);
bool instr_is_sse2(instr_t* instr);
bool instr_is_sse_or_sse2(instr_t* instr);
bool instr_is_sse3(instr_t* instr);
bool instr_is_ssse3(instr_t* instr);
bool instr_is_sse41(instr_t* instr);
bool instr_is_sse42(instr_t* instr);
bool instr_is_sse4A(instr_t* instr);
bool instr_is_3DNow(instr_t* instr);
bool instr_is_exclusive_load(instr_t* instr);
bool instr_is_exclusive_store(instr_t* instr);
/* A spill or restore of a register to a slot of dr_save_reg(). Out parameters may be NULL. */
bool instr_is_reg_spill_or_restore(void* drcontext, instr_t* instr, bool* tls, bool* spill,
                                   reg_id_t* reg, uint* offs);

#ifdef __cplusplus
}
#endif
#include "dr_ir_instr_create.h"

#endif
