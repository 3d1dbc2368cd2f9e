// Answers a program's annotations: by calls, by a value, and requests of Valgrind's. Blocks are edited, too.
#include "dr_api.h"
#include "drmgr.h"
#include "drreg.h"
#include "drvector.h"

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

static dr_emit_flags_t look(void* drcontext, void* tag, instrlist_t* bb, bool for_trace, bool translating,
                            void** data) {
  *data = NULL;
  for (instr_t* each = instrlist_first(bb); each != NULL; each = instr_get_next(each)) {
    if (instr_is_label(each) && (ptr_uint_t)instr_get_note(each) == DR_NOTE_ANNOTATION) *data = bb;
  }
  return DR_EMIT_DEFAULT;
}

/* Where an annotation is, the registers of its arguments are the client's all over the block. */
static dr_emit_flags_t take_all(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr, bool for_trace,
                                bool translating, void* data) {
  static const reg_id_t regs[] = {DR_REG_XDI, DR_REG_XSI, DR_REG_XDX, DR_REG_XCX, DR_REG_R8, DR_REG_R9, DR_REG_XAX};
  if (data == NULL) return DR_EMIT_DEFAULT;
  blocks = 1;
  for (size_t i = 0; i < sizeof regs / sizeof regs[0]; ++i) {
    if (drmgr_is_first_nonlabel_instr(drcontext, instr)) {
      drvector_t allowed;
      reg_id_t got = DR_REG_NULL;
      drreg_init_and_fill_vector(&allowed, false);
      drreg_set_vector_entry(&allowed, regs[i], true);
      if (drreg_reserve_register(drcontext, bb, instr, &allowed, &got) != DRREG_SUCCESS || got != regs[i]) ++wrong;
      instrlist_meta_preinsert(
          bb, instr, INSTR_CREATE_mov_imm(drcontext, opnd_create_reg(regs[i]), OPND_CREATE_INT32(77)));
      drvector_delete(&allowed);
    }
    if (drmgr_is_last_instr(drcontext, instr)) {
      if (drreg_unreserve_register(drcontext, bb, instr, regs[i]) != DRREG_SUCCESS) ++wrong;
    }
  }
  return DR_EMIT_DEFAULT;
}

/* Blocks of one instruction: an annotation that is cut off is not answered before it is reached. */
static dr_emit_flags_t cut(void* drcontext, void* tag, instrlist_t* bb, bool for_trace, bool translating) {
  int left = 1;
  blocks = 1;
  for (instr_t *each = instrlist_first(bb), *next = NULL; each != NULL; each = next) {
    next = instr_get_next(each);
    if (instr_is_meta(each) || left-- > 0) continue;
    instrlist_remove(bb, each);
    instr_destroy(drcontext, each);
  }
  return DR_EMIT_DEFAULT;
}

static void at_exit(void) {
  dr_fprintf(STDERR, "calls %d requests %d wrong %d%s\n", calls, requests, wrong, blocks == 1 ? "" : ", no blocks");
  drreg_exit();
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drreg_options_t options = {sizeof(options), 1, false};
  const char how = argc > 1 ? argv[1][0] : '-';
  drmgr_init();
  drreg_init(&options);
  drmgr_register_exit_event(at_exit);
  if (how == 'e') {
    drmgr_register_bb_instrumentation_event(NULL, insert, NULL);
  } else if (how == 't') {
    drmgr_register_bb_instrumentation_event(look, take_all, NULL);
  } else if (how == 'c') {
    dr_register_bb_event(cut);
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
