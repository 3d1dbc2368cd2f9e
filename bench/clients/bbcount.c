/* Counts executions of blocks, inline. */
#include "dr_api.h"
#include "drmgr.h"
#include "drreg.h"
#include "drx.h"

static uint64 blocks;

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr, bool for_trace,
                              bool translating, void* data) {
  drmgr_disable_auto_predication(drcontext, bb);
  if (!drmgr_is_first_instr(drcontext, instr)) return DR_EMIT_DEFAULT;
  drx_insert_counter_update(drcontext, bb, instr, (dr_spill_slot_t)(SPILL_SLOT_MAX + 1), &blocks, 1,
                            DRX_COUNTER_64BIT);
  return DR_EMIT_DEFAULT;
}

static void at_exit(void) {
  dr_fprintf(STDERR, "%llu blocks\n", (unsigned long long)blocks);
  drx_exit();
  drreg_exit();
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drreg_options_t options = {sizeof(options), 1, false};
  drmgr_init();
  drreg_init(&options);
  drx_init();
  drmgr_register_exit_event(at_exit);
  drmgr_register_bb_instrumentation_event(NULL, insert, NULL);
}
