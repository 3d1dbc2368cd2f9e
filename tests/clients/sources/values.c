/* What stores wrote is copied behind them into a buffer of drx's, in sizes that fit a register and in others; repeated
 * string instructions come one repetition at a time. */
#include "dr_api.h"
#include "drmgr.h"
#include "drreg.h"
#include "drutil.h"
#include "drx.h"

enum { kRecords = 512, kMostBytes = 64 };
static drx_buf_t* buffer;
static int records;
static int wrong;
static int handed_over;

/* A store of `size` bytes: what the program has there now was just copied. Called behind the copy. */
static void check(byte* address, uint size) {
  byte now[kMostBytes];
  size_t read = 0;
  byte* const end = drx_buf_get_buffer_ptr(dr_get_current_drcontext(), buffer);
  byte* const base = drx_buf_get_buffer_base(dr_get_current_drcontext(), buffer);
  if (end < base + size || !dr_safe_read(address, size, now, &read)) {
    dr_atomic_add32_return_sum(&wrong, 1);
    return;
  }
  for (uint i = 0; i < size; ++i) {
    if (end[(int)i - (int)size] != now[i]) {
      dr_atomic_add32_return_sum(&wrong, 1);
      break;
    }
  }
  dr_atomic_add32_return_sum(&records, 1);
}

static void full(void* drcontext, void* base, size_t size) {
  if (size > kRecords * 8) dr_abort();
  dr_atomic_add32_return_sum(&handed_over, 1);
}

static dr_emit_flags_t expand(void* drcontext, void* tag, instrlist_t* bb, bool for_trace, bool translating) {
  if (!drutil_expand_rep_string(drcontext, bb)) dr_abort();
  drx_tail_pad_block(drcontext, bb);
  return DR_EMIT_DEFAULT;
}

/* The stack is not followed: it is written between the store and the look. */
static bool is_wanted(instr_t* instr, opnd_t operand, uint size) {
  return opnd_is_memory_reference(operand) && !opnd_uses_reg(operand, DR_REG_XSP) && size <= kMostBytes &&
         !instr_is_cti(instr) && !instr_is_predicated(instr);
}

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* where, bool for_trace,
                              bool translating, void* data) {
  instr_t* const store = instr_get_prev_app(where);
  reg_id_t to;
  reg_id_t from;
  reg_id_t scratch;
  if (((ptr_uint_t)tag >> 2) % 4 != 0 || store == NULL || store != instr_get_prev(where)) return DR_EMIT_DEFAULT;
  if (instr_get_opcode(store) != OP_mov_st && instr_get_opcode(store) != OP_movups &&
      instr_get_opcode(store) != OP_vmovdqu)
    return DR_EMIT_DEFAULT;
  const opnd_t operand = instr_get_dst(store, 0);
  const uint size = drutil_opnd_mem_size_in_bytes(operand, store);
  if (!is_wanted(store, operand, size)) return DR_EMIT_DEFAULT;
  if (drreg_reserve_register(drcontext, bb, where, NULL, &to) != DRREG_SUCCESS ||
      drreg_reserve_register(drcontext, bb, where, NULL, &from) != DRREG_SUCCESS ||
      drreg_reserve_register(drcontext, bb, where, NULL, &scratch) != DRREG_SUCCESS)
    dr_abort();
  if (!drutil_insert_get_mem_addr(drcontext, bb, where, operand, from, to)) dr_abort();
  instrlist_meta_preinsert(bb, where,
                           XINST_CREATE_move(drcontext, opnd_create_reg(scratch), opnd_create_reg(from)));
  drx_buf_insert_load_buf_ptr(drcontext, buffer, bb, where, to);
  drx_buf_insert_buf_memcpy(drcontext, buffer, bb, where, to, from, (ushort)size);
  dr_insert_clean_call(drcontext, bb, where, (void*)check, false, 2, opnd_create_reg(scratch),
                       OPND_CREATE_INT32(size));
  drreg_unreserve_register(drcontext, bb, where, to);
  drreg_unreserve_register(drcontext, bb, where, from);
  drreg_unreserve_register(drcontext, bb, where, scratch);
  return DR_EMIT_DEFAULT;
}

static void at_exit(void) {
  dr_fprintf(STDERR, "%s, %s, %d wrong\n", records > 100 ? "copied" : "not copied",
             handed_over > 0 ? "handed over" : "kept", wrong);
  drx_buf_free(buffer);
  drutil_exit();
  drx_exit();
  drreg_exit();
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drreg_options_t options = {sizeof(options), 4, false};
  drmgr_init();
  drreg_init(&options);
  drx_init();
  drutil_init();
  buffer = drx_buf_create_trace_buffer(kRecords * 8, full);
  drmgr_register_exit_event(at_exit);
  drmgr_register_bb_app2app_event(expand, NULL);
  drmgr_register_bb_instrumentation_event(NULL, insert, NULL);
}
