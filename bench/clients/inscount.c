/* Counts executed instructions by a clean call in each block. */
#include "dr_api.h"
#include "drmgr.h"

static uint64 instructions;

static void add(uint count) { instructions += count; }

static dr_emit_flags_t look(void* drcontext, void* tag, instrlist_t* bb, bool for_trace, bool translating,
                            void** data) {
  ptr_uint_t count = 0;
  for (instr_t* each = instrlist_first_app(bb); each != NULL; each = instr_get_next_app(each)) ++count;
  *data = (void*)count;
  return DR_EMIT_DEFAULT;
}

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr, bool for_trace,
                              bool translating, void* data) {
  if (!drmgr_is_first_instr(drcontext, instr)) return DR_EMIT_DEFAULT;
  dr_insert_clean_call(drcontext, bb, instr, (void*)add, false, 1, OPND_CREATE_INT32((int)(ptr_uint_t)data));
  return DR_EMIT_DEFAULT;
}

static void at_exit(void) {
  dr_fprintf(STDERR, "%llu instructions\n", (unsigned long long)instructions);
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drmgr_init();
  drmgr_register_exit_event(at_exit);
  drmgr_register_bb_instrumentation_event(look, insert, NULL);
}
