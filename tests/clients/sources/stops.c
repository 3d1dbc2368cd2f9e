// Stops all other threads from clean calls of any thread, two at once among them, and looks at their registers; at the end
// no thread runs any more, and each has had its exit event.
#include <string.h>

#include "dr_api.h"
#include "drmgr.h"

enum { kEvery = 2000, kMostStops = 60, kMostThreads = 16 };
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

static dr_mcontext_t registers_of(void* drcontext) {
  dr_mcontext_t registers = {sizeof(registers), DR_MC_ALL};
  if (!dr_get_mcontext(drcontext, &registers)) ++wrong;
  return registers;
}

static void look_at(void* drcontext, dr_mcontext_t* registers) {
  *registers = registers_of(drcontext);
  if (!is_in_program(registers->pc) || !is_in_program((app_pc)registers->xsp)) ++wrong;
  ++seen;
}

static void look_again(void* drcontext, const dr_mcontext_t* before) {
  const dr_mcontext_t registers = registers_of(drcontext);
  if (memcmp(&registers, before, sizeof registers) != 0) ++wrong;
}

static void stop_others(void) {
  void** others = NULL;
  uint count = 0;
  uint left = 0;
  dr_mcontext_t registers[kMostThreads];
  if (!dr_suspend_all_other_threads(&others, &count, &left)) {
    dr_atomic_add32_return_sum(&failed, 1);
    return;
  }
  const int before = dr_atomic_load32(&entered);
  if (count > kMostThreads) ++wrong, count = kMostThreads;
  for (uint i = 0; i < count; ++i) {
    if (others[i] == dr_get_current_drcontext()) ++wrong;
    look_at(others[i], &registers[i]);
  }
  // Whoever is not stopped comes to a block meanwhile, or out of a system call.
  dr_sleep(1);
  for (uint i = 0; i < count; ++i) look_again(others[i], &registers[i]);
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
