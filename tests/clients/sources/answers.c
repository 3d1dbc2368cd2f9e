// Answers a program's annotations: by calls, by a value, and requests of Valgrind's. Blocks are edited, too.
#include "dr_api.h"
#include "drmgr.h"
#include "drreg.h"

static int calls;
static int requests;
static int wrong;
static int blocks;

static void on_note(long a, long b, long c, long d, long e, long f, long g) {
  dr_atomic_add32_return_sum(&calls, 1);
  if (b + g != 7 || c + f != 7 || d + e != 7) ++wrong;
  const byte* const pc = (byte*)dr_read_saved_reg(dr_get_current_drcontext(), SPILL_SLOT_2);
  if (!dr_memory_is_readable(pc, 1) || dr_memory_is_dr_internal(pc)) ++wrong;
  dr_annotation_set_return_value((reg_t)(a + b));
}

static void never(void) { ++wrong; }

static ptr_uint_t on_block_of_heap(dr_vg_client_request_t* request) {
  dr_atomic_add32_return_sum(&requests, 1);
  return request->args[0] + 1;
}

static ptr_uint_t give_nothing(dr_vg_client_request_t* request) { return 0; }

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr, bool for_trace,
                              bool translating, void* data) {
  if (!drmgr_is_first_instr(drcontext, instr)) return DR_EMIT_DEFAULT;
  reg_id_t reg = DR_REG_NULL;
  drreg_reserve_register(drcontext, bb, instr, NULL, &reg);
  instrlist_insert_mov_immed_ptrsz(drcontext, (ptr_int_t)&blocks, opnd_create_reg(reg), bb, instr, NULL, NULL);
  instrlist_meta_preinsert(bb, instr, INSTR_CREATE_mov_st(drcontext, OPND_CREATE_MEM32(reg, 0), OPND_CREATE_INT32(1)));
  drreg_unreserve_register(drcontext, bb, instr, reg);
  return DR_EMIT_DEFAULT;
}

static void at_exit(void) {
  dr_fprintf(STDERR, "calls %d requests %d wrong %d%s\n", calls, requests, wrong, blocks == 1 ? "" : ", no blocks");
  drreg_exit();
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drreg_options_t options = {sizeof(options), 1, false};
  const bool edits = argc > 1;
  drmgr_init();
  drreg_init(&options);
  drmgr_register_exit_event(at_exit);
  if (edits) {
    drmgr_register_bb_instrumentation_event(NULL, insert, NULL);
  } else {
    blocks = 1;
  }
  if (!dr_annotation_register_call("weft_note", (void*)on_note, false, 7, DR_ANNOTATION_CALL_TYPE_FASTCALL)) ++wrong;
  if (!dr_annotation_pass_pc("weft_note")) ++wrong;
  if (dr_annotation_register_return("weft_note", NULL)) ++wrong;
  dr_annotation_register_call("weft_note", (void*)never, false, 7, DR_ANNOTATION_CALL_TYPE_FASTCALL);
  if (!dr_annotation_unregister_call("weft_note", (void*)never)) ++wrong;
  if (dr_annotation_unregister_call("weft_note", (void*)never)) ++wrong;
  if (!dr_annotation_register_return("weft_untold", (void*)5)) ++wrong;
  if (!dr_annotation_register_valgrind(DR_VG_ID__MALLOCLIKE_BLOCK, on_block_of_heap)) ++wrong;
  dr_annotation_register_valgrind(DR_VG_ID__MALLOCLIKE_BLOCK, give_nothing);
  if (!dr_annotation_unregister_valgrind(DR_VG_ID__MALLOCLIKE_BLOCK, give_nothing)) ++wrong;
}
