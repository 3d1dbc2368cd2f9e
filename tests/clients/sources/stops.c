// Stops all other threads from clean calls of any thread, two at once among them, and looks at their registers; at the end
// no thread runs any more, and each has had its exit event.
#include <string.h>

#include "dr_api.h"
#include "drmgr.h"

enum { kEvery = 2000, kMostStops = 60 };
static int entered;
static int stops;
static int failed;
static int wrong;
static int seen;
static int begun;
static int ended;

static bool is_in_program(app_pc pc) {
  dr_mem_info_t info;
  return dr_query_memory_ex(pc, &info) && info.type != DR_MEMTYPE_FREE && !dr_memory_is_dr_internal(pc);
}

static void look_at(void* drcontext) {
  dr_mcontext_t first = {sizeof(first), DR_MC_ALL};
  dr_mcontext_t second = {sizeof(second), DR_MC_ALL};
  if (!dr_get_mcontext(drcontext, &first)) {
    ++wrong;
    return;
  }
  if (!is_in_program(first.pc) || !is_in_program((app_pc)first.xsp)) ++wrong;
  dr_get_mcontext(drcontext, &second);
  if (memcmp(&first, &second, sizeof first) != 0) ++wrong;
  ++seen;
}

static void stop_others(void) {
  void** others = NULL;
  uint count = 0;
  uint left = 0;
  if (!dr_suspend_all_other_threads(&others, &count, &left)) {
    dr_atomic_add32_return_sum(&failed, 1);
    return;
  }
  const int before = dr_atomic_load32(&entered);
  for (uint i = 0; i < count; ++i) {
    if (others[i] == dr_get_current_drcontext()) ++wrong;
    look_at(others[i]);
  }
  // Whoever is not stopped comes to a block meanwhile.
  dr_sleep(1);
  if (dr_atomic_load32(&entered) != before) ++wrong;
  if (!dr_resume_all_other_threads(others, count)) ++wrong;
}

static void on_entry(void) {
  if (dr_atomic_add32_return_sum(&entered, 1) % kEvery != 0) return;
  if (dr_atomic_add32_return_sum(&stops, 1) <= kMostStops) stop_others();
}

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr, bool for_trace,
                              bool translating, void* data) {
  if (drmgr_is_first_instr(drcontext, instr)) dr_insert_clean_call(drcontext, bb, instr, (void*)on_entry, false, 0);
  return DR_EMIT_DEFAULT;
}

static void on_thread(void* drcontext) { dr_atomic_add32_return_sum(&begun, 1); }
static void on_thread_end(void* drcontext) { dr_atomic_add32_return_sum(&ended, 1); }

static void at_exit(void) {
  const int before = dr_atomic_load32(&entered);
  dr_sleep(5);
  if (dr_atomic_load32(&entered) != before) ++wrong;
  dr_fprintf(STDERR, "%s, %s, %d failed, %d wrong, %d without an end\n", stops > 2 ? "stopped" : "never stopped",
             seen > 0 ? "seen" : "alone", failed, wrong, begun - ended);
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drmgr_init();
  drmgr_register_exit_event(at_exit);
  drmgr_register_thread_init_event(on_thread);
  drmgr_register_thread_exit_event(on_thread_end);
  drmgr_register_bb_instrumentation_event(NULL, insert, NULL);
}
