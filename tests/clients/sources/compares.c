/* Runs that differ are found: the program's state behind a block with a bad insertion, and none behind others. */
#include <string.h>

#include "dr_api.h"
#include "drmgr.h"
#include "drstatecmp.h"

static int flags;
static int others;
static int counter;
static bool breaks;

static void differs(const char* msg, void* tag) {
  dr_atomic_add32_return_sum(strcmp(msg, "xflags") == 0 ? &flags : &others, 1);
}

static dr_emit_flags_t look(void* drcontext, void* tag, instrlist_t* bb, bool for_trace, bool translating,
                            void** data) {
  *data = drstatecmp_bb_checks_enabled(bb) ? &breaks : NULL;
  return DR_EMIT_DEFAULT;
}

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr, bool for_trace,
                              bool translating, void* data) {
  if (!breaks || data == NULL || !drmgr_is_last_instr(drcontext, instr)) return DR_EMIT_DEFAULT;
  /* The program's flags are lost. */
  instrlist_meta_preinsert(bb, instr,
                           INSTR_CREATE_add(drcontext, OPND_CREATE_ABSMEM(&counter, OPSZ_4), OPND_CREATE_INT8(1)));
  return DR_EMIT_DEFAULT;
}

static void at_exit(void) {
  dr_fprintf(STDERR, "flags %s others %d\n", flags > 0 ? "differ" : "same", others);
  drstatecmp_exit();
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drstatecmp_options_t options = {differs};
  drmgr_init();
  breaks = argc > 1;
  drstatecmp_init(&options);
  if (drstatecmp_init(&options) != DRSTATECMP_ERROR_ALREADY_INITIALIZED) dr_abort();
  drmgr_register_exit_event(at_exit);
  drmgr_register_bb_instrumentation_event(look, insert, NULL);
}
