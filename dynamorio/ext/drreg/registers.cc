// Reserving registers.
#include <utility>

#include "core/inserted_code.h"
#include "ext/drreg/state.h"

namespace weft::dynamorio::drreg {

void restore_register(void* drcontext, instrlist_t* list, instr_t* where, size_t index) {
  State& state = State::get();
  RegisterState& reg = state.registers[index];
  if (reg.native) return;
  if (reg.slot != 0) load_from(drcontext, list, where, reg_at(index), reg.slot);
  state.give_slot(reg.slot);
  reg.slot = 0;
  reg.native = true;
}

}  // namespace weft::dynamorio::drreg

using namespace weft::dynamorio::drreg;

namespace {

constexpr size_t kStack = index_of(DR_REG_XSP);
constexpr size_t kXax = index_of(DR_REG_XAX);

bool is_allowed(drvector_t* allowed, size_t index) {
  return allowed == nullptr || drvector_get_entry(allowed, static_cast<uint>(index)) != nullptr;
}

bool holds_flags(const State& state, size_t index) {
  return index == kXax && state.flags.place == FlagsState::Place::kXax;
}

/// Which register is cheapest, or kRegisters.
size_t choose(const State& state, const Liveness& live, drvector_t* allowed, bool only_dead) {
  size_t best = kRegisters;
  int best_score = -1;
  for (size_t i = 0; i < kRegisters; ++i) {
    const RegisterState& reg = state.registers[i];
    if (i == kStack || reg.in_use || !is_allowed(allowed, i)) continue;
    const bool dead = (live.dead >> i & 1) != 0;
    if (only_dead && !dead) continue;
    constexpr int kFree = 0x40000;
    int score = live.distance[i];
    if (dead || !reg.native) score += kFree;
    // What is saved already stays so.
    if (!reg.native && !dead) score += kFree;
    if (holds_flags(state, i)) score = 0;
    if (score > best_score) {
      best = i;
      best_score = score;
    }
  }
  return best;
}

/// Puts back what is not in use, to have a slot.
uint32_t find_slot(void* drcontext, instrlist_t* list, instr_t* where) {
  State& state = State::get();
  if (const uint32_t slot = state.take_slot()) return slot;
  for (size_t i = 0; i < kRegisters; ++i) {
    const RegisterState& reg = state.registers[i];
    if (reg.in_use || reg.native || reg.slot == 0 || holds_flags(state, i)) continue;
    restore_register(drcontext, list, where, i);
    break;
  }
  return state.take_slot();
}

bool in_insertion(void* drcontext) {
  return drmgr_current_bb_phase(drcontext) == DRMGR_PHASE_INSERTION;
}

drreg_status_t reserve(void* drcontext, instrlist_t* list, instr_t* where, drvector_t* allowed,
                       bool only_dead, reg_id_t* result) {
  if (result == nullptr) return DRREG_ERROR_INVALID_PARAMETER;
  State& state = State::get();
  if (drmgr_current_bb_phase(drcontext) == DRMGR_PHASE_NONE) state.start_block();
  const Liveness live = liveness_at(where);
  const size_t index = choose(state, live, allowed, only_dead);
  if (index == kRegisters) return DRREG_ERROR_REG_CONFLICT;
  if (holds_flags(state, index) && !move_flags_out_of_xax(drcontext, list, where)) {
    return DRREG_ERROR_OUT_OF_SLOTS;
  }
  RegisterState& reg = state.registers[index];
  const bool dead = (live.dead >> index & 1) != 0;
  if (reg.native) {
    if (!dead) {
      reg.slot = find_slot(drcontext, list, where);
      if (reg.slot == 0) return DRREG_ERROR_OUT_OF_SLOTS;
      save_to(drcontext, list, where, reg_at(index), reg.slot);
    }
    reg.native = false;
  }
  if (reg.slot == 0) reg.spare = state.take_slot();
  reg.in_use = true;
  state.note(drcontext, list, where);
  *result = reg_at(index);
  return DRREG_SUCCESS;
}

}  // namespace

extern "C" {

drreg_status_t drreg_reserve_register(void* drcontext, instrlist_t* ilist, instr_t* where,
                                      drvector_t* reg_allowed, reg_id_t* reg) {
  return reserve(drcontext, ilist, where, reg_allowed, false, reg);
}

drreg_status_t drreg_reserve_dead_register(void* drcontext, instrlist_t* ilist, instr_t* where,
                                           drvector_t* reg_allowed, reg_id_t* reg) {
  return reserve(drcontext, ilist, where, reg_allowed, true, reg);
}

drreg_status_t drreg_unreserve_register(void* drcontext, instrlist_t* ilist, instr_t* where,
                                        reg_id_t reg) {
  if (!reg_is_pointer_sized(reg) || !reg_is_gpr(reg)) return DRREG_ERROR_INVALID_PARAMETER;
  State& state = State::get();
  RegisterState& own = state.registers[index_of(reg)];
  if (!own.in_use) return DRREG_ERROR_INVALID_PARAMETER;
  own.in_use = false;
  state.give_slot(std::exchange(own.spare, 0));
  // In the insertion phase it is put back only when the program wants it.
  if (!in_insertion(drcontext)) {
    restore_register(drcontext, ilist, where, index_of(reg));
    state.note(drcontext, ilist, where);
  }
  return DRREG_SUCCESS;
}

drreg_status_t drreg_get_app_value(void* drcontext, instrlist_t* ilist, instr_t* where,
                                   reg_id_t app_reg, reg_id_t dst_reg) {
  if (!reg_is_pointer_sized(app_reg) || !reg_is_pointer_sized(dst_reg)) {
    return DRREG_ERROR_INVALID_PARAMETER;
  }
  State& state = State::get();
  const RegisterState& own = state.registers[index_of(app_reg)];
  if (own.native) {
    if (app_reg != dst_reg) {
      weft::dynamorio::add_meta(
          ilist, where,
          XINST_CREATE_move(drcontext, opnd_create_reg(dst_reg), opnd_create_reg(app_reg)));
    }
    return DRREG_SUCCESS;
  }
  if (own.slot == 0) return DRREG_ERROR_NO_APP_VALUE;
  if (app_reg == dst_reg && holds_flags(state, index_of(app_reg)) &&
      !move_flags_out_of_xax(drcontext, ilist, where)) {
    return DRREG_ERROR_OUT_OF_SLOTS;
  }
  load_from(drcontext, ilist, where, dst_reg, own.slot);
  return DRREG_SUCCESS;
}

drreg_status_t drreg_restore_app_values(void* drcontext, instrlist_t* ilist, instr_t* where,
                                        opnd_t opnd, reg_id_t*) {
  bool none = false;
  for (int i = 0; i < opnd_num_regs_used(opnd); ++i) {
    const reg_id_t used = opnd_get_reg_used(opnd, i);
    if (!reg_is_gpr(used)) continue;
    const reg_id_t reg = reg_to_pointer_sized(used);
    const drreg_status_t status = drreg_get_app_value(drcontext, ilist, where, reg, reg);
    if (status == DRREG_ERROR_NO_APP_VALUE) {
      none = true;
    } else if (status != DRREG_SUCCESS) {
      return status;
    }
  }
  return none ? DRREG_ERROR_NO_APP_VALUE : DRREG_SUCCESS;
}

drreg_status_t drreg_restore_all(void* drcontext, instrlist_t* bb, instr_t* where) {
  State& state = State::get();
  if (!state.flags.in_use) {
    restore_flags(drcontext, bb, where);
  } else if (!state.registers[kXax].in_use && !move_flags_out_of_xax(drcontext, bb, where)) {
    return DRREG_ERROR_OUT_OF_SLOTS;
  }
  for (size_t i = 0; i < kRegisters; ++i) {
    if (!state.registers[i].in_use) restore_register(drcontext, bb, where, i);
  }
  state.note(drcontext, bb, where);
  return DRREG_SUCCESS;
}

}  // extern "C"
