/* Registers and flags for inserted code: which are free, and saving those that are not, as late and
 * as seldom as can be. For the thread that builds the block, in its events. What is reserved while
 * an instruction's insertions are made may be kept across instructions, but for the last. */
#ifndef DRREG_H
#define DRREG_H

#include "drmgr.h"
#include "drvector.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  DRREG_SUCCESS,
  DRREG_ERROR,
  DRREG_ERROR_INVALID_PARAMETER,
  DRREG_ERROR_FEATURE_NOT_AVAILABLE,
  DRREG_ERROR_REG_CONFLICT,
  DRREG_ERROR_IN_USE,
  DRREG_ERROR_OUT_OF_SLOTS,
  DRREG_ERROR_NO_APP_VALUE,
} drreg_status_t;

enum {
  DRMGR_PRIORITY_INSERT_DRREG_HIGH = -7500,
  DRMGR_PRIORITY_INSERT_DRREG_LOW = 7500,
  DRMGR_PRIORITY_FAULT_DRREG = -7500,
};
#define DRMGR_PRIORITY_NAME_DRREG_HIGH "drreg_high"
#define DRMGR_PRIORITY_NAME_DRREG_LOW "drreg_low"
#define DRMGR_PRIORITY_NAME_DRREG_FAULT "drreg_fault"

typedef struct _drreg_options_t {
  size_t struct_size;
  uint num_spill_slots; /**< registers that are saved at the same time, at most */
  bool conservative;    /**< no register counts as dead */
  bool (*error_callback)(drreg_status_t status); /**< true: the error was seen to */
  bool do_not_sum_slots; /**< the most that one user wants, instead of the sum of all */
} drreg_options_t;

typedef enum {
  DRREG_CONTAINS_SPANNING_CONTROL_FLOW = 0x001,
  DRREG_IGNORE_CONTROL_FLOW = 0x002,
  DRREG_USER_RESTORES_AT_BB_END = 0x004,
  DRREG_HANDLE_MULTI_PHASE_SLOT_RESERVATIONS = 0x008,
} drreg_bb_properties_t;

typedef struct _drreg_reserve_info_t {
  size_t size;
  bool reserved;
  bool holds_app_value;
  bool app_value_retained;
  bool is_dr_slot;
  opnd_t opnd; /**< where the program's value is; null if it is not kept */
  int tls_offs;
} drreg_reserve_info_t;

drreg_status_t drreg_init(drreg_options_t* ops);
drreg_status_t drreg_exit(void);
drreg_status_t drreg_max_slots_used(uint* max);
drreg_status_t drreg_reserve_aflags(void* drcontext, instrlist_t* ilist, instr_t* where);
drreg_status_t drreg_unreserve_aflags(void* drcontext, instrlist_t* ilist, instr_t* where);
drreg_status_t drreg_aflags_liveness(void* drcontext, instr_t* inst, uint* value);
drreg_status_t drreg_are_aflags_dead(void* drcontext, instr_t* inst, bool* dead);
drreg_status_t drreg_restore_app_aflags(void* drcontext, instrlist_t* ilist, instr_t* where);
drreg_status_t drreg_reserve_register(void* drcontext, instrlist_t* ilist, instr_t* where,
                                      drvector_t* reg_allowed, reg_id_t* reg);
drreg_status_t drreg_reserve_dead_register(void* drcontext, instrlist_t* ilist, instr_t* where,
                                           drvector_t* reg_allowed, reg_id_t* reg);
drreg_status_t drreg_init_and_fill_vector(drvector_t* vec, bool allowed);
drreg_status_t drreg_set_vector_entry(drvector_t* vec, reg_id_t reg, bool allowed);
drreg_status_t drreg_get_app_value(void* drcontext, instrlist_t* ilist, instr_t* where,
                                   reg_id_t app_reg, reg_id_t dst_reg);
drreg_status_t drreg_restore_app_values(void* drcontext, instrlist_t* ilist, instr_t* where,
                                        opnd_t opnd, reg_id_t* swap);
drreg_status_t drreg_restore_all(void* drcontext, instrlist_t* bb, instr_t* where);
drreg_status_t drreg_statelessly_restore_app_value(void* drcontext, instrlist_t* ilist,
                                                   reg_id_t reg, instr_t* where_restore,
                                                   instr_t* where_respill, bool* restore_needed,
                                                   bool* respill_needed);
drreg_status_t drreg_statelessly_restore_all(void* drcontext, instrlist_t* ilist,
                                             instr_t* where_restore, instr_t* where_respill,
                                             bool* restore_needed, bool* respill_needed);
drreg_status_t drreg_reservation_info(void* drcontext, reg_id_t reg, opnd_t* opnd, bool* is_dr_slot,
                                      uint* tls_offs);
drreg_status_t drreg_reservation_info_ex(void* drcontext, reg_id_t reg, drreg_reserve_info_t* info);
drreg_status_t drreg_unreserve_register(void* drcontext, instrlist_t* ilist, instr_t* where,
                                        reg_id_t reg);
drreg_status_t drreg_is_register_dead(void* drcontext, reg_id_t reg, instr_t* inst, bool* dead);
drreg_status_t drreg_set_bb_properties(void* drcontext, drreg_bb_properties_t flags);
drreg_status_t drreg_is_instr_spill_or_restore(void* drcontext, instr_t* instr, bool* spill,
                                               bool* restore, reg_id_t* reg_spilled);

#ifdef __cplusplus
}
#endif

#endif
