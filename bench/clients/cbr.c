/* Notes each conditional branch when it runs for the first time; what contains it is then flushed, the program goes on
 * behind the branch, and the block is made anew without what is not wanted any more. */
#include "dr_api.h"
#include "drmgr.h"
#include "hashtable.h"

static hashtable_t seen; /* by the branch's address: which outcomes came, as bits */
static int noted;

static void note(app_pc pc, app_pc target, app_pc behind, int taken, void* unused) {
  const ptr_uint_t bit = taken ? 2 : 1;
  hashtable_lock(&seen);
  const ptr_uint_t before = (ptr_uint_t)hashtable_lookup(&seen, pc);
  hashtable_add_replace(&seen, pc, (void*)(before | bit));
  hashtable_unlock(&seen);
  if ((before & bit) == 0) dr_atomic_add32_return_sum(&noted, 1);
  void* const drcontext = dr_get_current_drcontext();
  dr_mcontext_t context;
  context.size = sizeof context;
  context.flags = DR_MC_ALL;
  dr_get_mcontext(drcontext, &context);
  dr_flush_region(pc, 1);
  context.pc = taken ? target : behind;
  dr_redirect_execution(&context);
}

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr, bool for_trace,
                              bool translating, void* data) {
  if (!instr_is_app(instr) || !instr_is_cbr(instr)) return DR_EMIT_DEFAULT;
  hashtable_lock(&seen);
  const bool is_known = hashtable_lookup(&seen, instr_get_app_pc(instr)) != NULL;
  hashtable_unlock(&seen);
  if (!is_known) dr_insert_cbr_instrumentation_ex(drcontext, bb, instr, (void*)note, OPND_CREATE_INTPTR(0));
  return DR_EMIT_DEFAULT;
}

static void at_exit(void) {
  dr_fprintf(STDERR, "%d branches\n", noted);
  hashtable_delete(&seen);
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drmgr_init();
  hashtable_init_ex(&seen, 14, HASH_INTPTR, false, false, NULL, NULL, NULL);
  drmgr_register_exit_event(at_exit);
  drmgr_register_bb_instrumentation_event(NULL, insert, NULL);
}
