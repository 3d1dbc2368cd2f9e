/* Blocks in cases: values that come up get a case of their own, each thread runs the case of its own word, and what the
 * analysis of a case adds stays in that case. */
#include "dr_api.h"
#include "drbbdup.h"
#include "drmgr.h"

enum { kValues = 6, kRound = 40, kNote = 77 };
static reg_id_t segment;
static uint offset;
static int wrong;
static int in_other_cases;
static int missing;

static ptr_uint_t* word(void) { return (ptr_uint_t*)((byte*)dr_get_dr_segment_base(segment) + offset); }

static void choose(void) {
  ptr_uint_t* const own = word();
  /* Behind it the thread counts. */
  own[0] = ++own[1] / kRound % kValues;
}

static void ran(ptr_uint_t encoding) {
  if (encoding != 0 && *word() != encoding) dr_atomic_add32_return_sum(&wrong, 1);
  if (encoding > 1) dr_atomic_add32_return_sum(&in_other_cases, 1);
}

static uintptr_t set_up(void* context, void* drcontext, void* tag, instrlist_t* bb, bool* duplicates, bool* dynamic,
                        void* data) {
  *duplicates = ((ptr_uint_t)tag >> 2) % 4 == 0;
  *dynamic = true;
  if (drbbdup_register_case_encoding(context, 1) != DRBBDUP_SUCCESS) dr_abort();
  return 0;
}

static void encode(void* drcontext, void* tag, instrlist_t* bb, instr_t* where, void* data, void* analysis) {
  dr_insert_clean_call(drcontext, bb, where, (void*)choose, false, 0);
}

static void analyze(void* drcontext, void* tag, instrlist_t* bb, uintptr_t encoding, void* data, void* original,
                    void** analysis) {
  if (encoding != 1) return;
  instr_t* const label = INSTR_CREATE_label(drcontext);
  instr_set_note(label, (void*)kNote);
  instrlist_meta_preinsert(bb, instrlist_first(bb), label);
}

static void instrument(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr, instr_t* where,
                       uintptr_t encoding, void* data, void* original, void* analysis) {
  bool first = false;
  if (drbbdup_is_first_instr(drcontext, instr, &first) != DRBBDUP_SUCCESS || !first) return;
  const bool marked = instr_is_label(instr) && instr_get_note(instr) == (void*)kNote;
  if (marked != (encoding == 1)) dr_atomic_add32_return_sum(&missing, 1);
  dr_insert_clean_call(drcontext, bb, where, (void*)ran, false, 1, OPND_CREATE_INTPTR(encoding));
}

static void at_exit(void) {
  drbbdup_stats_t stats = {sizeof(stats)};
  if (drbbdup_get_stats(&stats) != DRBBDUP_SUCCESS) dr_abort();
  dr_fprintf(STDERR, "%s, %s, %d wrong, %d missing\n", stats.gen_count > 0 ? "generated" : "none generated",
             in_other_cases > 0 ? "run" : "not run", wrong, missing);
  drbbdup_exit();
  dr_raw_tls_cfree(offset, 2);
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drbbdup_options_t options = {sizeof(options)};
  drmgr_init();
  if (!dr_raw_tls_calloc(&segment, &offset, 2, 0)) dr_abort();
  options.set_up_bb_dups = set_up;
  options.insert_encode = encode;
  options.analyze_case = analyze;
  options.instrument_instr = instrument;
  options.runtime_case_opnd = dr_raw_tls_opnd(dr_get_current_drcontext(), segment, offset);
  options.hit_threshold = 3;
  options.is_stat_enabled = true;
  if (drbbdup_init(&options) != DRBBDUP_SUCCESS) dr_abort();
  drmgr_register_exit_event(at_exit);
}
