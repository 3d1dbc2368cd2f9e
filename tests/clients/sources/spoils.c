// Keeps a register across each instruction, and leaves nonsense in it when it gives it back: the program gets its own
// value where it needs it, also at instructions that the runtime carries out itself (cpuid, at each start).
#include "dr_api.h"
#include "drmgr.h"
#include "drreg.h"
#include "drx.h"

static uint64 spoiled;
static drvector_t allowed;

// What ends a block has something behind it, too.
static dr_emit_flags_t pad(void* drcontext, void* tag, instrlist_t* bb, bool for_trace,
                           bool translating) {
  drx_tail_pad_block(drcontext, bb);
  return DR_EMIT_DEFAULT;
}

// The register that is kept in the block, or DR_REG_NULL.
static dr_emit_flags_t analyze(void* drcontext, void* tag, instrlist_t* bb, bool for_trace,
                               bool translating, void** data) {
  reg_id_t* const kept = dr_thread_alloc(drcontext, sizeof *kept);
  *kept = DR_REG_NULL;
  *data = kept;
  return DR_EMIT_DEFAULT;
}

static void spoil(void* drcontext, instrlist_t* bb, instr_t* where, reg_id_t reg) {
  instrlist_meta_preinsert(
      bb, where, INSTR_CREATE_mov_imm(drcontext, opnd_create_reg(reg), OPND_CREATE_INTPTR(0x77)));
  drreg_unreserve_register(drcontext, bb, where, reg);
  ++spoiled;
}

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr,
                              bool for_trace, bool translating, void* data) {
  reg_id_t* const kept = data;
  const bool last = drmgr_is_last_instr(drcontext, instr);
  if (instr_is_app(instr)) {
    if (*kept != DR_REG_NULL) spoil(drcontext, bb, instr, *kept);
    *kept = DR_REG_NULL;
    const bool leaves = last || instr_is_cti(instr) || instr_is_syscall(instr);
    reg_id_t reg = DR_REG_NULL;
    if (!leaves && instr_get_opcode(instr) != OP_cpuid &&
        drreg_reserve_register(drcontext, bb, instr, &allowed, &reg) == DRREG_SUCCESS) {
      *kept = reg;
    }
  }
  if (last) dr_thread_free(drcontext, kept, sizeof *kept);
  return DR_EMIT_DEFAULT;
}

static void at_exit(void) {
  dr_fprintf(STDERR, "spoiled %s\n", spoiled > 1000 ? "many" : "few");
  drvector_delete(&allowed);
  drreg_exit();
  drx_exit();
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drreg_options_t options = {sizeof(options), 4, false};
  drmgr_init();
  drx_init();
  drreg_init(&options);
  drreg_init_and_fill_vector(&allowed, false);
  drreg_set_vector_entry(&allowed, DR_REG_XBP, true);
  drmgr_register_exit_event(at_exit);
  drmgr_register_bb_app2app_event(pad, NULL);
  drmgr_register_bb_instrumentation_event(analyze, insert, NULL);
}
