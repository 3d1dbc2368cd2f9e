/* Each block and trace that the client is shown is told of once when it is gone, at the latest at the process's end. A
 * flush of the only thread has completed when the call returns. */
#include "dr_api.h"

static int shown;
static int traces;
static int told;
static int completed;
static int late;
static int calls;

static void on_flushed(void* data) { dr_atomic_add32_return_sum((int*)data, 1); }

static void on_entry(void* tag) {
  const int number = dr_atomic_add32_return_sum(&calls, 1);
  if (number % 1000 != 0) return;
  const int before = completed;
  dr_flush_region_ex(tag, 1, on_flushed, &completed);
  if (completed == before) dr_atomic_add32_return_sum(&late, 1);
}

static dr_emit_flags_t on_block(void* drcontext, void* tag, instrlist_t* bb, bool for_trace, bool translating) {
  dr_atomic_add32_return_sum(&shown, 1);
  if (((ptr_uint_t)tag >> 2) % 4 == 0) {
    dr_insert_clean_call(drcontext, bb, instrlist_first(bb), (void*)on_entry, false, 1, OPND_CREATE_INTPTR(tag));
  }
  return DR_EMIT_DEFAULT;
}

static dr_emit_flags_t on_trace(void* drcontext, void* tag, instrlist_t* trace, bool translating) {
  if (instrlist_first_app(trace) == NULL || instr_get_app_pc(instrlist_first_app(trace)) != (app_pc)tag) dr_abort();
  dr_atomic_add32_return_sum(&traces, 1);
  return DR_EMIT_DEFAULT;
}

static void on_deleted(void* drcontext, void* tag) { dr_atomic_add32_return_sum(&told, 1); }

static void at_exit(void) {
  dr_fprintf(STDERR, "%d left, %s, %s, %s\n", shown + traces - told, shown > 100 ? "blocks" : "no blocks",
             traces > 0 ? "traces" : "no traces", late > 0 ? "late" : "in time");
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  dr_register_bb_event(on_block);
  dr_register_trace_event(on_trace);
  dr_register_delete_event(on_deleted);
  dr_register_exit_event(at_exit);
}
