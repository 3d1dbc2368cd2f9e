// What is reserved, sets of registers, and restoring without a change of what is reserved.
#include "ext/drreg/state.h"

using namespace weft::dynamorio::drreg;

extern "C" {

drreg_status_t drreg_init_and_fill_vector(drvector_t* vec, bool allowed) {
  if (vec == nullptr) return DRREG_ERROR_INVALID_PARAMETER;
  drvector_init(vec, kRegisters, false, nullptr);
  for (size_t i = 0; i < kRegisters; ++i) {
    drvector_set_entry(vec, static_cast<uint>(i), allowed ? vec : nullptr);
  }
  return DRREG_SUCCESS;
}

drreg_status_t drreg_set_vector_entry(drvector_t* vec, reg_id_t reg, bool allowed) {
  if (vec == nullptr || !reg_is_gpr(reg)) return DRREG_ERROR_INVALID_PARAMETER;
  drvector_set_entry(vec, static_cast<uint>(index_of(reg_to_pointer_sized(reg))),
                     allowed ? vec : nullptr);
  return DRREG_SUCCESS;
}

drreg_status_t drreg_reservation_info_ex(void* drcontext, reg_id_t reg,
                                         drreg_reserve_info_t* info) {
  if (info == nullptr || info->size < sizeof *info) return DRREG_ERROR_INVALID_PARAMETER;
  const State& state = State::get();
  uint32_t slot = 0;
  uint32_t spare = 0;  // of a dead register: holds nothing yet
  bool native = true;
  if (reg == DR_REG_NULL) {
    info->reserved = state.flags.in_use;
    // Flags that are dead are the program's as much as any others.
    native = state.flags.place != FlagsState::Place::kSlot &&
             state.flags.place != FlagsState::Place::kXax;
    slot = state.flags.place == FlagsState::Place::kSlot ? state.flags.slot : 0;
  } else {
    const RegisterState& own = state.registers[index_of(reg_to_pointer_sized(reg))];
    info->reserved = own.in_use;
    native = own.native;
    slot = own.native ? 0 : own.slot;
    spare = own.spare;
  }
  const bool in_xax = reg == DR_REG_NULL && state.flags.place == FlagsState::Place::kXax;
  info->holds_app_value = native;
  info->app_value_retained = !native && (slot != 0 || in_xax);
  info->is_dr_slot = false;
  if (slot == 0) slot = spare;
  info->tls_offs = slot == 0 ? -1 : static_cast<int>(slot);
  info->opnd = slot == 0 ? opnd_create_null() : dr_raw_tls_opnd(drcontext, DR_SEG_GS, slot);
  if (in_xax) info->opnd = opnd_create_reg(DR_REG_XAX);
  return DRREG_SUCCESS;
}

drreg_status_t drreg_reservation_info(void* drcontext, reg_id_t reg, opnd_t* opnd, bool* is_dr_slot,
                                      uint* tls_offs) {
  drreg_reserve_info_t info{};
  info.size = sizeof info;
  const drreg_status_t status = drreg_reservation_info_ex(drcontext, reg, &info);
  if (status != DRREG_SUCCESS) return status;
  if (!info.reserved) return DRREG_ERROR_INVALID_PARAMETER;
  if (opnd != nullptr) *opnd = info.opnd;
  if (is_dr_slot != nullptr) *is_dr_slot = info.is_dr_slot;
  if (tls_offs != nullptr) *tls_offs = static_cast<uint>(info.tls_offs);
  return DRREG_SUCCESS;
}

drreg_status_t drreg_statelessly_restore_app_value(void* drcontext, instrlist_t* ilist,
                                                   reg_id_t reg, instr_t* where_restore,
                                                   instr_t* where_respill, bool* restore_needed,
                                                   bool* respill_needed) {
  State& state = State::get();
  bool restored = false;
  bool respilled = false;
  if (reg == DR_REG_NULL) {
    restored = state.flags.place == FlagsState::Place::kXax ||
               state.flags.place == FlagsState::Place::kSlot;
    const drreg_status_t status = drreg_restore_app_aflags(drcontext, ilist, where_restore);
    if (status != DRREG_SUCCESS) return status;
  } else {
    const size_t index = index_of(reg_to_pointer_sized(reg));
    const RegisterState& own = state.registers[index];
    if (!own.native) {
      if (own.slot == 0) return DRREG_ERROR_NO_APP_VALUE;
      restored = true;
      respilled = own.in_use;
      const uint32_t kept = respilled ? state.take_slot() : 0;
      if (respilled && kept == 0) return DRREG_ERROR_OUT_OF_SLOTS;
      if (respilled) save_to(drcontext, ilist, where_restore, reg_at(index), kept);
      load_from(drcontext, ilist, where_restore, reg_at(index), own.slot);
      if (respilled) load_from(drcontext, ilist, where_respill, reg_at(index), kept);
      state.give_slot(kept);
    }
  }
  if (restore_needed != nullptr) *restore_needed = restored;
  if (respill_needed != nullptr) *respill_needed = respilled;
  return DRREG_SUCCESS;
}

drreg_status_t drreg_statelessly_restore_all(void* drcontext, instrlist_t* ilist,
                                             instr_t* where_restore, instr_t* where_respill,
                                             bool* restore_needed, bool* respill_needed) {
  bool any_restored = false;
  bool any_respilled = false;
  const auto restore = [&](reg_id_t reg) {
    bool restored = false;
    bool respilled = false;
    const drreg_status_t status = drreg_statelessly_restore_app_value(
        drcontext, ilist, reg, where_restore, where_respill, &restored, &respilled);
    any_restored |= restored;
    any_respilled |= respilled;
    return status;
  };
  restore(DR_REG_NULL);
  for (size_t i = 0; i < kRegisters; ++i) {
    const drreg_status_t status = restore(reg_at(i));
    if (status != DRREG_SUCCESS && status != DRREG_ERROR_NO_APP_VALUE) return status;
  }
  if (restore_needed != nullptr) *restore_needed = any_restored;
  if (respill_needed != nullptr) *respill_needed = any_respilled;
  return DRREG_SUCCESS;
}

drreg_status_t drreg_set_bb_properties(void* drcontext, drreg_bb_properties_t flags) {
  const drmgr_bb_phase_t phase = drmgr_current_bb_phase(drcontext);
  if (phase == DRMGR_PHASE_NONE) return DRREG_ERROR_FEATURE_NOT_AVAILABLE;
  State& state = State::get();
  state.properties |= static_cast<unsigned>(flags);
  if ((flags & DRREG_IGNORE_CONTROL_FLOW) != 0) state.eager = false;
  if ((flags & DRREG_CONTAINS_SPANNING_CONTROL_FLOW) != 0) state.eager = true;
  return DRREG_SUCCESS;
}

drreg_status_t drreg_is_instr_spill_or_restore(void* drcontext, instr_t* instr, bool* spill,
                                               bool* restore, reg_id_t* reg_spilled) {
  bool is_spill = false;
  bool found = false;
  reg_id_t reg = DR_REG_NULL;
  const int opcode = instr_is_label(instr) ? OP_LABEL : instr_get_opcode(instr);
  const auto is_slot = [&](opnd_t operand) {
    for (const uint32_t slot : all_slots()) {
      if (opnd_same(operand, dr_raw_tls_opnd(drcontext, DR_SEG_GS, slot))) return true;
    }
    return false;
  };
  if (opcode == OP_mov_st && is_slot(instr_get_dst(instr, 0)) &&
      opnd_is_reg(instr_get_src(instr, 0))) {
    found = is_spill = true;
    reg = opnd_get_reg(instr_get_src(instr, 0));
  } else if (opcode == OP_mov_ld && is_slot(instr_get_src(instr, 0))) {
    found = true;
    reg = opnd_get_reg(instr_get_dst(instr, 0));
  }
  if (spill != nullptr) *spill = found && is_spill;
  if (restore != nullptr) *restore = found && !is_spill;
  if (reg_spilled != nullptr) *reg_spilled = reg;
  return DRREG_SUCCESS;
}

}  // extern "C"
