// Deletes blocks from clean calls, their own among them, and from a thread of its own, while all
// threads of the program run.
#include "dr_api.h"
#include "drmgr.h"

enum { kTags = 256 };
static void* tags[kTags];
static int next_tag;
static int entered;
static int deleted;
static int told;
static int left;
static volatile int stop;
static void* stopped;

static void on_entry(void* tag) {
  const int number = dr_atomic_add32_return_sum(&entered, 1);
  if (number % 500 != 0) return;
  if (dr_delete_fragment(dr_get_current_drcontext(),
                         number % 1000 == 0 ? tag : tags[number % kTags]))
    dr_atomic_add32_return_sum(&deleted, 1);
}

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr,
                              bool for_trace, bool translating, void* data) {
  if (!drmgr_is_first_instr(drcontext, instr)) return DR_EMIT_DEFAULT;
  tags[next_tag++ % kTags] = tag;
  dr_insert_clean_call(drcontext, bb, instr, (void*)on_entry, false, 1, OPND_CREATE_INTPTR(tag));
  return DR_EMIT_DEFAULT;
}

static void on_deleted(void* drcontext, void* tag) { dr_atomic_add32_return_sum(&told, 1); }

static void on_flushed(void* count) { dr_atomic_add32_return_sum((int*)count, 1); }

static void delete_regions(void* unused) {
  static int flushed;
  int asked = 0;
  while (!stop && asked < 200) {
    app_pc tag = tags[dr_get_random_value(kTags)];
    if (tag != NULL) {
      dr_flush_region_ex(tag, 1, on_flushed, &flushed);
      dr_unlink_flush_region(tag, 16);
      ++asked;
    }
    dr_sleep(1);
  }
  left = asked - flushed;
  dr_event_signal(stopped);
}

static void at_exit(void) {
  stop = 1;
  dr_event_wait(stopped);
  dr_fprintf(STDERR, "%s, %s, %d flushes open\n", deleted > 0 ? "deleted" : "nothing deleted",
             told >= deleted ? "told" : "not told", left);
  dr_event_destroy(stopped);
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drmgr_init();
  stopped = dr_event_create();
  drmgr_register_exit_event(at_exit);
  drmgr_register_bb_instrumentation_event(NULL, insert, NULL);
  dr_register_delete_event(on_deleted);
  dr_create_client_thread(delete_regions, NULL);
}
