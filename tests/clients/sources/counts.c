// Counts instructions by block, with drmgr, drreg and drx; and calls of step() by an address that
// drsyms knows. With the argument "plain" by additions that are not atomic.
#include <stdint.h>
#include <string.h>

#include "dr_api.h"
#include "drmgr.h"
#include "drreg.h"
#include "drsyms.h"
#include "drx.h"

static uint64 instructions;
static uint64 steps;
static app_pc step_at;
static uint kind = DRX_COUNTER_64BIT | DRX_COUNTER_LOCK;

static dr_emit_flags_t count(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr,
                             bool for_trace, bool translating, void* data) {
  if (instr_is_app(instr) && instr_get_app_pc(instr) == step_at) {
    drx_insert_counter_update(drcontext, bb, instr, SPILL_SLOT_MAX + 1, &steps, 1, kind);
  }
  if (!drmgr_is_first_instr(drcontext, instr)) return DR_EMIT_DEFAULT;
  drx_insert_counter_update(drcontext, bb, instr, SPILL_SLOT_MAX + 1, &instructions,
                            (int)drx_instrlist_app_size(bb), kind);
  return DR_EMIT_DEFAULT;
}

static void on_module(void* drcontext, const module_data_t* module, bool loaded) {
  size_t offset = 0;
  if (drsym_lookup_symbol(module->full_path, "step", &offset, DRSYM_DEFAULT_FLAGS) ==
          DRSYM_SUCCESS &&
      step_at == NULL) {
    step_at = module->start + offset;
  }
}

static void at_exit(void) {
  dr_fprintf(STDERR, "instructions %lu steps %lu\n", instructions, steps);
  drx_exit();
  drreg_exit();
  drsym_exit();
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  // Inserted code names variables by their addresses.
  if ((ptr_uint_t)&steps >= 1ull << 31) dr_fprintf(STDERR, "the client lies at %p\n", &steps);
  if (argc > 1 && strcmp(argv[1], "plain") == 0) kind = DRX_COUNTER_64BIT;
  drreg_options_t options = {sizeof(options), 2, false};
  drmgr_init();
  drx_init();
  drsym_init(0);
  drreg_init(&options);
  drmgr_register_exit_event(at_exit);
  drmgr_register_module_load_event(on_module);
  drmgr_register_bb_instrumentation_event(NULL, count, NULL);
}
