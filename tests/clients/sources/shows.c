// A block is shown when it is about to run, and only once as a block while nothing is deleted.
#include "dr_api.h"
#include "hashtable.h"

static hashtable_t blocks;
static int shown;
static int again;
static int not_run;

static void on_run(int* runs) { *runs = 1; }

static dr_emit_flags_t on_block(void* drcontext, void* tag, instrlist_t* bb, bool for_trace, bool translating) {
  hashtable_lock(&blocks);
  int* runs = hashtable_lookup(&blocks, tag);
  if (runs == NULL) {
    runs = dr_global_alloc(sizeof *runs);
    *runs = 0;
    hashtable_add(&blocks, tag, runs);
    ++shown;
  } else if (!for_trace) {
    ++again;
  }
  hashtable_unlock(&blocks);
  dr_insert_clean_call(drcontext, bb, instrlist_first(bb), (void*)on_run, false, 1,
                       OPND_CREATE_INTPTR((ptr_int_t)runs));
  return DR_EMIT_DEFAULT;
}

static void give_back(void* runs) {
  if (*(int*)runs == 0) ++not_run;
  dr_global_free(runs, sizeof(int));
}

static void at_exit(void) {
  hashtable_delete(&blocks);
  dr_fprintf(STDERR, "%s, %d again, %d not run\n", shown > 100 ? "shown" : "hidden", again, not_run);
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  hashtable_init_ex(&blocks, 10, HASH_INTPTR, false, false, give_back, NULL, NULL);
  dr_register_bb_event(on_block);
  dr_register_exit_event(at_exit);
}
