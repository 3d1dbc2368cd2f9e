/* Records the address of each memory access of each thread in a buffer, which is counted when it is full. */
#include <stddef.h>

#include "dr_api.h"
#include "drmgr.h"
#include "drreg.h"
#include "drutil.h"
#include "drx.h"

typedef struct {
  app_pc address;
  ushort size;
  ushort is_store;
} record_t;

enum { kRecords = 65536 };
static drx_buf_t* buffer;
static int64 records;

static void full(void* drcontext, void* base, size_t size) {
  dr_atomic_add64_return_sum(&records, (int64)(size / sizeof(record_t)));
}

static void record(void* drcontext, instrlist_t* bb, instr_t* where, instr_t* instr, opnd_t operand, bool store) {
  reg_id_t pointer, address;
  if (drreg_reserve_register(drcontext, bb, where, NULL, &pointer) != DRREG_SUCCESS ||
      drreg_reserve_register(drcontext, bb, where, NULL, &address) != DRREG_SUCCESS)
    dr_abort();
  if (!drutil_insert_get_mem_addr(drcontext, bb, where, operand, address, pointer)) dr_abort();
  drx_buf_insert_load_buf_ptr(drcontext, buffer, bb, where, pointer);
  drx_buf_insert_buf_store(drcontext, buffer, bb, where, pointer, DR_REG_NULL, opnd_create_reg(address), OPSZ_PTR,
                           offsetof(record_t, address));
  drx_buf_insert_buf_store(drcontext, buffer, bb, where, pointer, address,
                           OPND_CREATE_INT16(drutil_opnd_mem_size_in_bytes(operand, instr)), OPSZ_2,
                           offsetof(record_t, size));
  drx_buf_insert_buf_store(drcontext, buffer, bb, where, pointer, address, OPND_CREATE_INT16(store), OPSZ_2,
                           offsetof(record_t, is_store));
  drx_buf_insert_update_buf_ptr(drcontext, buffer, bb, where, pointer, address, sizeof(record_t));
  drreg_unreserve_register(drcontext, bb, where, pointer);
  drreg_unreserve_register(drcontext, bb, where, address);
}

static dr_emit_flags_t expand(void* drcontext, void* tag, instrlist_t* bb, bool for_trace, bool translating) {
  drutil_expand_rep_string(drcontext, bb);
  return DR_EMIT_DEFAULT;
}

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* where, bool for_trace,
                              bool translating, void* data) {
  instr_t* const instr = drmgr_orig_app_instr_for_operands(drcontext);
  if (instr == NULL) return DR_EMIT_DEFAULT;
  for (int i = 0; i < instr_num_srcs(instr); ++i) {
    const opnd_t operand = instr_get_src(instr, (uint)i);
    if (opnd_is_memory_reference(operand)) record(drcontext, bb, where, instr, operand, false);
  }
  for (int i = 0; i < instr_num_dsts(instr); ++i) {
    const opnd_t operand = instr_get_dst(instr, (uint)i);
    if (opnd_is_memory_reference(operand)) record(drcontext, bb, where, instr, operand, true);
  }
  return DR_EMIT_DEFAULT;
}

static void at_exit(void) {
  dr_fprintf(STDERR, "%lld accesses\n", (long long)records);
  drx_buf_free(buffer);
  drutil_exit();
  drx_exit();
  drreg_exit();
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drreg_options_t options = {sizeof(options), 3, false};
  drmgr_init();
  drreg_init(&options);
  drx_init();
  drutil_init();
  buffer = drx_buf_create_trace_buffer(kRecords * sizeof(record_t), full);
  drmgr_register_exit_event(at_exit);
  drmgr_register_bb_app2app_event(expand, NULL);
  drmgr_register_bb_instrumentation_event(NULL, insert, NULL);
}
