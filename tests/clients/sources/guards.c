// Statements that fault are left for what stands behind them, in events, clean calls and one within another.
#include "dr_api.h"
#include "drmgr.h"

enum { kMost = 400 };
static int calls;
static int caught;
static int wrong;

static volatile int* const nowhere = (volatile int*)16;
static int somewhere = 7;

static int deep(int levels) { return levels == 0 ? *nowhere : deep(levels - 1) + 1; }

static void try_all(void* drcontext) {
  volatile int read = 0;
  volatile int steps = 0;
  DR_TRY_EXCEPT(drcontext, { read = somewhere; }, { ++wrong; });
  if (read != 7) ++wrong;
  DR_TRY_EXCEPT(drcontext, {
    ++steps;
    DR_TRY_EXCEPT(drcontext, { read = deep(20); }, { ++steps; });
    *nowhere = 1;
    ++wrong;
  }, { ++steps; });
  if (steps != 3) ++wrong;
  dr_atomic_add32_return_sum(&caught, 1);
}

static void on_entry(void) {
  if (dr_atomic_add32_return_sum(&calls, 1) <= kMost) try_all(dr_get_current_drcontext());
}

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr, bool for_trace,
                              bool translating, void* data) {
  if (!drmgr_is_first_instr(drcontext, instr)) return DR_EMIT_DEFAULT;
  if (calls < kMost) try_all(drcontext);
  dr_insert_clean_call(drcontext, bb, instr, (void*)on_entry, false, 0);
  return DR_EMIT_DEFAULT;
}

static void at_exit(void) {
  try_all(dr_get_current_drcontext());
  dr_fprintf(STDERR, "%s, %d wrong\n", caught > kMost ? "caught" : "not caught", wrong);
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drmgr_init();
  drmgr_register_exit_event(at_exit);
  drmgr_register_bb_instrumentation_event(NULL, insert, NULL);
}
