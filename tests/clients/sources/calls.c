// Clean calls: their arguments are what the program has, and its state is whole behind them.
#include "dr_api.h"
#include "drmgr.h"

static int calls;
static int wrong;

static void check(app_pc pc, reg_t stack, reg_t first, uint low) {
  void* const drcontext = dr_get_current_drcontext();
  dr_mcontext_t context = {sizeof(context), DR_MC_ALL};
  if (!dr_get_mcontext(drcontext, &context)) dr_atomic_add32_return_sum(&wrong, 1);
  if (context.xsp != stack || context.xdi != first || context.pc != pc ||
      low != (uint)(first & 0xff)) {
    dr_atomic_add32_return_sum(&wrong, 1);
  }
  dr_atomic_add32_return_sum(&calls, 1);
  context.flags = DR_MC_INTEGER;
  if (!dr_set_mcontext(drcontext, &context)) dr_atomic_add32_return_sum(&wrong, 1);
}

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr,
                              bool for_trace, bool translating, void* data) {
  // One block in eight, chosen by its address.
  if (!drmgr_is_first_instr(drcontext, instr) || ((ptr_uint_t)tag >> 2) % 8 != 0)
    return DR_EMIT_DEFAULT;
  dr_insert_clean_call(drcontext, bb, instr, (void*)check, false, 4,
                       OPND_CREATE_INTPTR(instr_get_app_pc(instr)), opnd_create_reg(DR_REG_XSP),
                       opnd_create_reg(DR_REG_XDI), opnd_create_reg(DR_REG_DIL));
  return DR_EMIT_DEFAULT;
}

static void at_exit(void) {
  dr_fprintf(STDERR, "%s, %d wrong\n", calls > 100 ? "called" : "not called", wrong);
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  drmgr_init();
  drmgr_register_exit_event(at_exit);
  drmgr_register_bb_instrumentation_event(NULL, insert, NULL);
}
