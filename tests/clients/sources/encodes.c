/* Code that a client encodes itself, with a clean call in it: blocks jump there and come back, and keep their state. */
#include "dr_api.h"
#include "drmgr.h"
#include "drreg.h"

static int calls;
static int wrong;
static byte* code;
static size_t page;

static void called(reg_t value) {
  dr_mcontext_t context = {sizeof(context), DR_MC_ALL};
  dr_get_mcontext(dr_get_current_drcontext(), &context);
  if (context.xbx != value) dr_atomic_add32_return_sum(&wrong, 1);
  dr_atomic_add32_return_sum(&calls, 1);
}

static void make_code(void) {
  void* const drcontext = dr_get_current_drcontext();
  instrlist_t* const list = instrlist_create(drcontext);
  instr_t* const back = INSTR_CREATE_jmp_ind(drcontext, opnd_create_reg(DR_REG_XCX));
  instrlist_append(list, back);
  dr_insert_clean_call(drcontext, list, back, (void*)called, false, 1, opnd_create_reg(DR_REG_XBX));
  page = dr_page_size();
  code = dr_nonheap_alloc(page, DR_MEMPROT_READ | DR_MEMPROT_WRITE | DR_MEMPROT_EXEC);
  byte* const end = instrlist_encode(drcontext, list, code, false);
  if (end == NULL || end > code + page) dr_abort();
  instrlist_clear_and_destroy(drcontext, list);
  dr_memory_protect(code, page, DR_MEMPROT_READ | DR_MEMPROT_EXEC);
}

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr, bool for_trace,
                              bool translating, void* data) {
  drvector_t allowed;
  reg_id_t reg;
  if (!drmgr_is_first_instr(drcontext, instr) || ((ptr_uint_t)tag >> 2) % 4 != 0) return DR_EMIT_DEFAULT;
  drreg_init_and_fill_vector(&allowed, false);
  drreg_set_vector_entry(&allowed, DR_REG_XCX, true);
  if (drreg_reserve_register(drcontext, bb, instr, &allowed, &reg) != DRREG_SUCCESS) dr_abort();
  drvector_delete(&allowed);
  instr_t* const back = INSTR_CREATE_label(drcontext);
  instrlist_meta_preinsert(
      bb, instr, INSTR_CREATE_mov_ld(drcontext, opnd_create_reg(DR_REG_XCX), opnd_create_instr(back)));
  instrlist_meta_preinsert(bb, instr, INSTR_CREATE_jmp(drcontext, opnd_create_pc(code)));
  instrlist_meta_preinsert(bb, instr, back);
  drreg_unreserve_register(drcontext, bb, instr, reg);
  return DR_EMIT_DEFAULT;
}

static void at_exit(void) {
  dr_fprintf(STDERR, "%s, %d wrong\n", calls > 100 ? "called" : "not called", wrong);
  drreg_exit();
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drreg_options_t options = {sizeof(options), 1, false};
  drmgr_init();
  drreg_init(&options);
  make_code();
  drmgr_register_exit_event(at_exit);
  drmgr_register_bb_instrumentation_event(NULL, insert, NULL);
}
