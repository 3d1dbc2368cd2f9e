// Calls made by hand between dr_prepare_for_call() and dr_cleanup_after_call(): they may use the C library and much stack,
// get what is loaded for them, and leave the program's state whole.
#include <stdlib.h>
#include <string.h>

#include "dr_api.h"
#include "drmgr.h"

enum { kFirst = 11, kSecond = 22, kManyBytes = 16384 };

static int calls;
static int wrong;
static ptr_uint_t result;
static ptr_uint_t* far_away;  // where an instruction cannot hold the address

static ptr_uint_t called(ptr_uint_t first, ptr_uint_t second) {
  volatile char many[kManyBytes];
  memset((char*)many, 1, sizeof many);
  char* const more = malloc(100);
  if (first != kFirst || second != kSecond || more == NULL || many[kManyBytes - 1] != 1) ++wrong;
  free(more);
  dr_atomic_add32_return_sum(&calls, 1);
  return first + second;
}

static void called_plainly(void) {
  char text[32];
  dr_snprintf(text, sizeof text, "%d", calls);
  dr_atomic_add32_return_sum(&calls, 1);
}

static void check(void) {
  if (result != kFirst + kSecond || *far_away != kSecond) ++wrong;
}

static void load(void* drcontext, instrlist_t* bb, instr_t* where, reg_id_t reg, int value) {
  instrlist_meta_preinsert(bb, where, INSTR_CREATE_mov_imm(drcontext, opnd_create_reg(reg), OPND_CREATE_INT64(value)));
}

static dr_emit_flags_t insert(void* drcontext, void* tag, instrlist_t* bb, instr_t* instr, bool for_trace, bool translating,
                              void* data) {
  if (!drmgr_is_first_instr(drcontext, instr)) return DR_EMIT_DEFAULT;
  dr_prepare_for_call(drcontext, bb, instr);
  instrlist_meta_preinsert(bb, instr, INSTR_CREATE_call(drcontext, opnd_create_pc((app_pc)called_plainly)));
  dr_cleanup_after_call(drcontext, bb, instr, 0);

  dr_prepare_for_call(drcontext, bb, instr);
  load(drcontext, bb, instr, DR_REG_XDI, kFirst);
  load(drcontext, bb, instr, DR_REG_XSI, kSecond);
  instrlist_meta_preinsert(bb, instr, INSTR_CREATE_push(drcontext, opnd_create_reg(DR_REG_XDI)));
  instrlist_meta_preinsert(bb, instr, INSTR_CREATE_call(drcontext, opnd_create_pc((app_pc)called)));
  instrlist_meta_preinsert(bb, instr, INSTR_CREATE_mov_st(drcontext, OPND_CREATE_ABSMEM(&result, OPSZ_8), opnd_create_reg(DR_REG_XAX)));
  load(drcontext, bb, instr, DR_REG_XCX, kSecond);
  instrlist_meta_preinsert(bb, instr, INSTR_CREATE_mov_st(drcontext, opnd_create_abs_addr(far_away, OPSZ_8), opnd_create_reg(DR_REG_XCX)));
  // The flags are not the program's in between either.
  instrlist_meta_preinsert(bb, instr, INSTR_CREATE_xor(drcontext, opnd_create_reg(DR_REG_EBX), opnd_create_reg(DR_REG_EBX)));
  dr_cleanup_after_call(drcontext, bb, instr, 0);
  dr_insert_clean_call(drcontext, bb, instr, (void*)check, false, 0);
  return DR_EMIT_DEFAULT;
}

static void at_exit(void) {
  dr_fprintf(STDERR, "%s, %d wrong\n", calls > 1000 ? "called" : "not called", wrong);
  free(far_away);
  drmgr_exit();
}

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]) {
  far_away = malloc(sizeof *far_away);
  drmgr_init();
  drmgr_register_exit_event(at_exit);
  drmgr_register_bb_instrumentation_event(NULL, insert, NULL);
}
